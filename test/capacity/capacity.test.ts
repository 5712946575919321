import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { capacityDocument, capacityLine } from '../../bench/capacity-document.ts';
import { type CapacityRow, measureCapacity } from '../../bench/capacity-rows.ts';
import { TableMeter } from '../../bench/table-meter.ts';
import { pretendBcrypt } from '../../harness/bcrypt.ts';
import { stageOf } from '../../harness/stage.ts';
import { password } from '../../harness/tenant.ts';
import { useWorld } from '../../harness/world.ts';
import { endpointsOf } from '../../shared/contract/registry.ts';

const world = useWorld();
const document = readFileSync(new URL('../../docs/capacity.md', import.meta.url), 'utf8');
const using = endpointsOf('prod').filter(({ table }) => table !== undefined);
let rows: CapacityRow[] = [];

beforeAll(async () => {
  pretendBcrypt(password);
  // The middle of a quarter: what a list reads depends on where the day lies in it.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2030, 10, 15, 12) });
  const { tableClient } = await import('../../shared/table/table.ts');
  rows = await measureCapacity(stageOf(world), new TableMeter(tableClient));
}, 180_000);
afterAll(() => {
  vi.restoreAllMocks();
});

describe('capacity of the table', () => {
  it.each(using.map((endpoint) => [`${endpoint.method} ${endpoint.paths[0]}`, endpoint] as const))(
    '%s takes what docs/capacity.md says: npm run bench -- capacity writes it',
    (name, { id }) => {
      const measured = rows.filter(({ endpointId }) => endpointId === id).map(capacityLine);
      const promised = document.split('\n').filter((line) => line.startsWith(`| ${name} |`));

      expect(measured.length).toBeGreaterThan(0);
      expect(measured).toEqual(promised);
    },
  );

  it('is what the documents say, and nothing else', () => {
    expect(document).toBe(capacityDocument(rows));
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  breakOff,
  crashes,
  makeEntries,
  runWorker,
  useArchive,
} from '../../../harness/audit/audit.ts';
import { day, hour, minute, travelTo } from '../../../harness/clock.ts';
import { useWorld } from '../../../harness/world.ts';
import { AwsError } from '../../../local/aws/aws.ts';
import { newId } from '../../../shared/runtime/ids.ts';
import { tenantIds } from '../../../shared/tenants/ids.ts';

useWorld();
const archive = useArchive();

const noon = (date: string) => Date.parse(`${date}T12:00:00.000Z`);
/** Each test has days of its own: nothing of one is left for another to export. */
let month = 0;
const nextMonth = () =>
  `20${String(30 + Math.floor(month / 12))}-${String((month++ % 12) + 1).padStart(2, '0')}`;

/** Makes chained entries on a day. */
async function eventful(date: string, counts: readonly number[]): Promise<string[]> {
  travelTo(noon(date));
  const tenants = counts.map(() => newId(tenantIds));
  for (const [index, count] of counts.entries()) await makeEntries(tenants[index] ?? '', count);
  await runWorker('audit/chain');
  return tenants;
}

/** Marks the day as exported, so that the next is the first. */
async function startAfter(date: string): Promise<void> {
  travelTo(noon(date) + day);
  await runWorker('audit/export');
}

interface Manifest {
  day: string;
  blocks: number;
  entries: number;
  objects: { key: string; sha256: string; blocks: number; entries: number }[];
}
const manifestOf = async (date: string): Promise<Manifest | undefined> => {
  const text = (await archive.objects())[`manifests/${date}.json`];
  return text === undefined ? undefined : JSON.parse(text);
};
const linesOf = async (date: string) =>
  Object.entries(await archive.objects())
    .filter(([key]) => key.startsWith(`days/${date}/`))
    .flatMap(([, text]) => text.trimEnd().split('\n'))
    .map((line) => JSON.parse(line));

describe('the export', () => {
  it('has every block and entry of a day, as lines that bear their hashes out', async () => {
    const m = nextMonth();
    await startAfter(`${m}-01`);
    const tenants = await eventful(`${m}-02`, [3, 95, 1]);
    travelTo(noon(`${m}-03`));
    await runWorker('audit/export');

    const lines = await linesOf(`${m}-02`);
    const entries = new Map(
      lines.flatMap(({ entry }) => (entry ? [[entry.id, entry]] : [])) as [string, object][],
    );
    const blocks = lines.flatMap(({ block }) => block ?? []);
    expect([entries.size, blocks.length]).toEqual([99, 4]);
    expect(new Set(blocks.map(({ tenant_id }) => tenant_id))).toEqual(new Set(tenants));
    const { canonicalJson, blockHash } = await import('../../../shared/audit/hashes.ts');
    for (const block of blocks) {
      expect(blockHash(block)).toBe(block.hash);
      for (const [id, hash] of block.entries)
        expect(
          createHash('sha256')
            .update(canonicalJson(entries.get(id)))
            .digest('hex'),
        ).toBe(hash);
    }
    const manifest = await manifestOf(`${m}-02`);
    expect(manifest).toMatchObject({ day: `${m}-02`, blocks: 4, entries: 99 });
    const objects = await archive.objects();
    for (const { key, sha256 } of manifest?.objects ?? [])
      expect(
        createHash('sha256')
          .update(objects[key] ?? '')
          .digest('base64'),
      ).toBe(sha256);
  });

  it('waits until a day has been over for an hour', async () => {
    const m = nextMonth();
    await startAfter(`${m}-01`);
    await eventful(`${m}-02`, [1]);
    const midnight = Date.parse(`${m}-03T00:00:00.000Z`);
    travelTo(midnight + hour - minute);
    await runWorker('audit/export');
    expect(await manifestOf(`${m}-02`)).toBeUndefined();
    travelTo(midnight + hour + minute);
    await runWorker('audit/export');

    expect(await manifestOf(`${m}-02`)).toMatchObject({ entries: 1 });
  });

  it('makes up for missed days, each once, with and without events', async () => {
    const m = nextMonth();
    await startAfter(`${m}-01`);
    await eventful(`${m}-02`, [1]);
    await eventful(`${m}-04`, [2]);
    travelTo(noon(`${m}-06`));
    await runWorker('audit/export');
    const before = await archive.objects();
    await runWorker('audit/export');

    expect(await archive.objects()).toEqual(before);
    for (const [date, entries] of [
      ['02', 1],
      ['03', 0],
      ['04', 2],
      ['05', 0],
    ])
      expect(await manifestOf(`${m}-${date}`)).toMatchObject({ entries });
    expect(await manifestOf(`${m}-06`)).toBeUndefined();
  });

  it('begins with the first day that has events where nothing was exported yet', async () => {
    nextMonth();
    const m = nextMonth();
    await eventful(`${m}-10`, [2]);
    travelTo(noon(`${m}-12`));
    await runWorker('audit/export');

    const days = Object.keys(await archive.objects()).filter((key) => key.startsWith('manifests/'));
    expect(days).toEqual([`manifests/${m}-10.json`, `manifests/${m}-11.json`]);
  });

  it('is the same, object by object, after it broke off at any call of the table', async () => {
    const m = nextMonth();
    await startAfter(`${m}-01`);
    await eventful(`${m}-02`, [4, 2, 1]);
    travelTo(noon(`${m}-03`));
    const { exportDays } = await import('../../../shared/audit/export.ts');
    const before = await archive.objects();
    let reached = 0;
    for (const crash of crashes(12))
      if (await breakOff(crash, () => exportDays({ objectBytes: 500 }))) reached += 1;
    await exportDays({ objectBytes: 500 });

    expect(reached).toBeGreaterThan(15);
    expect(await manifestOf(`${m}-02`)).toMatchObject({ blocks: 3, entries: 7 });
    expect((await linesOf(`${m}-02`)).length).toBe(10);
    for (const [key, text] of Object.entries(before))
      expect((await archive.objects())[key]).toBe(text);
  });

  it.each(['before', 'after'] as const)(
    'is whole after it broke off %s any object was stored',
    async (when) => {
      const m = nextMonth();
      await startAfter(`${m}-01`);
      await eventful(`${m}-02`, [3, 2]);
      travelTo(noon(`${m}-03`));
      const crashed = () => new AwsError('AccessDenied', 'As the test wants', 403);
      let failures = 0;
      for (let left = 0; left < 4; left += 1) {
        let puts = 0;
        archive.intercept((request, pass) => {
          if (request.method !== 'PUT' || puts++ < left) return pass();
          if (when === 'after') pass();
          throw crashed();
        });
        await runWorker('audit/export').catch(() => {
          failures += 1;
        });
      }
      archive.intercept((_, pass) => pass());
      await runWorker('audit/export');

      expect(failures).toBeGreaterThan(1);
      expect(await manifestOf(`${m}-02`)).toMatchObject({ blocks: 2, entries: 5 });
      expect(await linesOf(`${m}-02`)).toHaveLength(7);
    },
  );
});

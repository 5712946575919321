import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Send } from '../../bench/capacity-cases.ts';
import { capacityDocument } from '../../bench/capacity-document.ts';
import { type CapacityRow, measureCapacity } from '../../bench/capacity-rows.ts';
import { TableMeter } from '../../bench/table-meter.ts';
import { randomAddress, useWorld } from '../../harness/world.ts';
import { endpoints, endpointsOf } from '../../shared/contract/registry.ts';

const world = useWorld();

/** Read units, read units again, write units and round trips. */
type Figures = [read: number, readAgain: number, write: number, roundTrips: number];

const expected: readonly [endpointId: string, when: string, figures: Figures][] = [
  ['health/ready', '', [1, 1, 0, 1]],
  ['marketplace/register', 'a new purchase', [1, 1, 1, 3]],
  ['marketplace/register', 'a known purchase', [2, 2, 1, 3]],
  ['marketplace/register-by-link', 'a new purchase', [1, 1, 1, 3]],
  ['marketplace/complete-profile', '', [1, 1, 3, 4]],
  ['auth/register', '', [0, 0, 2, 2]],
  ['auth/login', '', [2, 2, 3, 2]],
  ['auth/login', 'a wrong password', [1, 1, 4, 2]],
  ['auth/login', 'an unknown email', [1, 1, 4, 2]],
  ['auth/refresh', '', [3, 3, 0, 2]],
  ['auth/refresh', 'a retry within the grace', [3, 3, 1, 2]],
  ['auth/logout', '', [3, 0, 1, 2]],
  ['tenants/get-mine', '', [4, 1, 0, 1]],
  ['tenants/update-mine', '', [4.5, 1, 0, 4]],
  ['api-keys/create', '', [5.5, 2, 0, 4]],
  ['api-keys/list', '', [4, 1, 0, 1]],
  ['api-keys/delete', '', [4, 1, 0, 3]],
  ['webhooks/create', '', [3, 0, 1, 3]],
  ['webhooks/list', '', [4, 1, 0, 1]],
  ['webhooks/get', '', [4, 1, 0, 1]],
  ['webhooks/update', '', [3, 0, 2, 3]],
  ['webhooks/delete', '', [3, 0, 0, 2]],
  ['webhooks/rotate-secret', '', [4, 1, 2, 4]],
  ['webhooks/test', '', [4, 1, 3, 4]],
  ['webhooks/list-deliveries', '', [4.5, 1.5, 0, 2]],
  ['webhooks/replay-delivery', '', [4, 1, 4, 4]],
  ['detections/list', '50 of this quarter', [6.5, 3, 0, 1]],
  ['detections/list', '10 of this quarter', [4.5, 2, 0, 1]],
  ['detections/ingest', '1 detection', [3, 0, 3, 6]],
  ['detections/ingest', '100 detections', [3, 0, 3, 6]],
  ['channels/update-credentials', 'Ozon', [4, 1, 5, 8]],
  ['channels/get-credentials', '', [4, 1, 0, 1]],
  ['channels/delete-credentials', '', [3, 0, 0, 2]],
  ['detections/statistics', '100 detections of a day', [5, 2, 0, 1]],
  ['detections/export', '50 of this quarter', [6, 3, 1, 4]],
  ['detections/claim-enis', 'the first', [6, 3, 1, 4]],
  ['detections/claim-enis', 'one more', [6, 3, 1, 4]],
  ['detections/list-enis', '', [5, 2, 0, 1]],
  ['detections/delete-eni', '', [3, 0, 0, 2]],
  ['products/list', 'none synced yet', [4, 1, 0, 1]],
  ['products/list', '60 products', [5.5, 1, 0, 3]],
  ['products/sync', 'without credentials', [5, 2, 1, 4]],
  ['products/get-sync', '', [5, 2, 0, 1]],
  ['products/sync-runs', '', [4.5, 1.5, 0, 1]],
  ['products/get', '', [4, 1, 0, 1]],
  ['products/history', '', [4.5, 1.5, 0, 1]],
  ['products/dashboard', '', [5.5, 2.5, 0, 1]],
  ['products/low-stock', '', [5.5, 1, 0, 3]],
  ['products/top', '', [5.5, 1, 0, 3]],
  ['products/stock-distribution', '', [4, 1, 0, 1]],
  ['products/sync-history', '', [4.5, 1.5, 0, 1]],
];

let rows: CapacityRow[] = [];

beforeAll(async () => {
  // The middle of a quarter: what a list reads depends on where the day lies in it.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2030, 10, 15, 12) });
  const { tableClient } = await import('../../shared/table/table.ts');
  rows = await measureCapacity(
    send,
    new TableMeter(tableClient),
    () => world.sellers.ozon.createAccount({ products: 1 }).credentials,
  );
}, 180_000);

const send: Send = async (endpointId, { pathParameters, ...sent }, expectedStatus) => {
  const endpoint = endpoints.find(({ id }) => id === endpointId);
  if (!endpoint) throw new Error(`The contract has no ${endpointId}`);
  const path = endpoint.paths[0]
    .replace(/(.)\/$/, '$1')
    .replace(/\{(\w+)\}/g, (_, name) => pathParameters?.[name] ?? '');
  const token = (sent.body as Record<string, string> | undefined)?.['x-amzn-marketplace-token'];
  purchase(token ?? sent.query?.token);
  const answered = await world.send<Record<string, string>>(endpoint.method, path, {
    ...sent,
    headers: { Accept: 'application/json' },
    address: randomAddress(),
  });
  const isExpected = expectedStatus ? answered.status === expectedStatus : answered.status < 400;
  if (!isExpected) throw new Error(`${endpointId} answered ${answered.status}`);
  return answered.body;
};

/** Lets AWS Marketplace know a registration token. */
function purchase(token: string | undefined): void {
  if (token === undefined) return;
  world.purchases.set(token, {
    CustomerAWSAccountId: '111122223333',
    ProductCode: 'tenantry-demo',
    LicenseArn: `arn:aws:license-manager::294406891311:license:l-${token}`,
  });
}

describe('capacity of the table', () => {
  it.each(expected)('%s %s takes what is promised', (endpointId, when, figures) => {
    const row = rows.find((one) => one.endpointId === endpointId && one.when === when);

    expect([row?.read, row?.readAgain, row?.write, row?.roundTrips]).toEqual(figures);
  });

  it('is promised for every endpoint that uses the table', () => {
    const using = endpointsOf('prod').filter(({ table }) => table !== undefined);

    expect([...new Set(expected.map(([id]) => id))]).toEqual(using.map(({ id }) => id));
    expect(rows.map(({ endpointId, when }) => [endpointId, when])).toEqual(
      expected.map(([id, when]) => [id, when]),
    );
  });

  it('is what the documents say', () => {
    const document = readFileSync(new URL('../../docs/capacity.md', import.meta.url), 'utf8');

    expect(document).toBe(capacityDocument(rows));
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hour, minute, second, travel } from '../support/clock.ts';
import { allItems } from '../support/items.ts';
import {
  Crash,
  type FakeSellers,
  item,
  items,
  useProducts,
  writtenBy,
} from '../support/products.ts';

const { modules, fresh, start, work, sync, list, stateOf } = useProducts();
const crash = new Crash();
beforeAll(() => crash.watch());
afterEach(() => crash.revive());
afterAll(() => {
  vi.restoreAllMocks();
});

describe('a worker that dies between a segment and its position', () => {
  it('leaves no product behind that the seller has taken back', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    travel(hour);
    const changed = items(12).with(0, item(0, { stock: 77 }));
    sellers.stock(tenantId, changed.with(7, item(7, { name: 'A phantom' })));
    const { task_id } = await start(sellers, tenantId);
    const { advanceSync } = await modules();
    const message = { tenant_id: tenantId, run_id: task_id };
    let segments = 0;
    crash.armOn((call) => writtenBy(call).startsWith('SEGMENT') && ++segments === 2, true);
    await advanceSync(message, sellers, () => 600_000).catch(() => undefined);
    expect(crash.isDead).toBe(true);
    crash.revive();
    sellers.stock(tenantId, changed);
    travel(5 * minute);

    await advanceSync(message, sellers, () => 600_000);

    expect((await list(member, { search: 'phantom' })).body.items).toEqual([]);
    const { rows, items: stored } = await stateOf({ tenantId });
    expect(rows.map(({ name, stock }) => [name, stock])).toEqual(
      changed.map(({ name, stock }) => [name, stock]),
    );
    expect(rows.map(({ stock }) => stock)).toEqual(stored.map(({ stock }) => stock));
  });
});

describe('the schedule', () => {
  const sweep = async (sellers: FakeSellers) => {
    const { sweepDueSyncs } = await modules();
    await sweepDueSyncs(sellers, () => 60_000);
  };
  const ofTenant = (sellers: FakeSellers, tenantId: string) =>
    sellers.sent.filter(({ tenant_id }) => tenant_id === tenantId);

  it('syncs again after 6 hours, and not before', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    travel(6 * hour - minute);
    await sweep(sellers);
    expect(ofTenant(sellers, tenantId)).toEqual([]);

    travel(2 * minute);
    await sweep(sellers);
    await sweep(sellers);

    expect(ofTenant(sellers, tenantId)).toHaveLength(1);
    await work(sellers);
    const { listSyncRuns } = await modules();
    const { items: runs } = await listSyncRuns(tenantId, { limit: 10 });
    expect(runs.map(({ trigger, status }) => `${trigger} ${status}`)).toEqual([
      'schedule completed',
      'manual completed',
    ]);
  });

  it('gets a run going whose message was lost', async () => {
    const { member, sellers, tenantId } = await fresh();
    await start(sellers, tenantId);
    sellers.sent.length = 0;
    travel(16 * minute);

    await sweep(sellers);
    await work(sellers);

    expect((await list(member)).body.total).toBe(12);
  });

  it('leaves a run alone that has a worker', async () => {
    const { sellers, tenantId } = await fresh();
    await start(sellers, tenantId);
    const openSeller = sellers.openSeller.bind(sellers);
    sellers.openSeller = async (...args) => {
      const read = await openSeller(...args);
      return async (cursor) => {
        await sweep(sellers);
        return read(cursor);
      };
    };
    travel(15 * minute + second);
    await work(sellers);

    expect(sellers.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });

  it('gives a run up that never gets a worker to its end', async () => {
    const { sellers, tenantId } = await fresh();
    const { task_id } = await start(sellers, tenantId);
    for (let round = 0; round < 5; round += 1) {
      sellers.sent.length = 0;
      travel(16 * minute);
      await sweep(sellers);
    }

    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal_error' },
    });
  });

  it('lets a tenant without credentials be', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    sellers.shelves.clear();
    travel(7 * hour);
    await sweep(sellers);

    const left = (await allItems()).filter(
      ({ pk, tenant_id }) => String(pk).startsWith('SYNCDUE') && tenant_id === tenantId,
    );
    expect(left).toEqual([]);
  });
});

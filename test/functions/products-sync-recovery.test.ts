import { describe, expect, it } from 'vitest';
import { hour, minute, second, travel } from '../support/clock.ts';
import { allItems } from '../support/items.ts';
import { type FakeSellers, useProducts } from '../support/products.ts';

const { modules, fresh, start, work, sync, list } = useProducts();

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

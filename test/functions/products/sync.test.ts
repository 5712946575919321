import { describe, expect, it } from 'vitest';
import { day, hour, minute, travel } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { type FakeSellers, item, items, useProducts } from '../../../harness/products/products.ts';

const { modules, fresh, start, work, sync, get, list, stateOf } = useProducts();

const writesOf = async (work: () => Promise<unknown>): Promise<Record<string, unknown>[]> => {
  const text = (one: Record<string, unknown>) =>
    JSON.stringify(one, (_, value) =>
      value?.constructor === Object ? Object.fromEntries(Object.entries(value).sort()) : value,
    );
  const before = new Set((await allItems()).map(text));
  await work();
  return (await allItems()).filter((one) => !before.has(text(one)));
};

describe('a sync', () => {
  it('brings every product of every page', async () => {
    const { member, sellers } = await fresh();

    const run = await sync(sellers, member);

    expect(run).toMatchObject({
      status: 'completed',
      processed: 12,
      total: 12,
      created: 12,
      changed: 0,
      missing: 0,
      error: null,
    });
    expect(sellers.pagesRead).toBe(3);
    const { body } = await list(member, { sort_by: 'total_stock', sort_order: 'asc' });
    expect(body.items.map(({ seller_article }) => seller_article)).toEqual(
      items(12).map(({ seller_sku }) => seller_sku),
    );
  });

  it('brings the products of all marketplaces of the tenant', async () => {
    const { member, sellers, tenantId } = await fresh(items(7));
    sellers.stock(tenantId, items(8), 'ozon');

    const run = await sync(sellers, member);

    expect(run).toMatchObject({ status: 'completed', processed: 15, total: 15, created: 15 });
    const { body } = await list(member);
    expect(body.total).toBe(15);
    expect(body.items.filter(({ marketplace }) => marketplace === 'ozon')).toHaveLength(8);
  });

  it('without products ends well', async () => {
    const { member, sellers } = await fresh([]);

    expect(await sync(sellers, member)).toMatchObject({ status: 'completed', processed: 0 });
    expect((await list(member)).body).toMatchObject({ items: [], total: 0, total_pages: 0 });
  });

  it('writes no product and no catalogue when nothing has changed', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    travel(hour);

    const written = await writesOf(() => sync(sellers, member));

    const touched = written.map(({ pk, sk }) => `${pk} ${sk}`.replaceAll(tenantId, ''));
    expect(touched.filter((key) => /PRODUCT|CATALOGUE/.test(key))).toEqual([]);
  });

  it('writes only what has changed, and keeps the change of stock and price', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    const changed = items(12);
    changed[3] = item(3, { stock: 4, price: { amount: '99.90', currency: 'RUB' } });
    changed[5] = item(5, { name: 'Renamed' });
    sellers.stock(tenantId, changed);
    travel(hour);

    const written = await writesOf(async () => {
      expect(await sync(sellers, member)).toMatchObject({ created: 0, changed: 2, missing: 0 });
    });

    expect(written.filter(({ sk }) => sk === 'PRODUCT').map(({ name }) => name)).toHaveLength(2);
    const product = (await list(member, { search: 'SKU-3' })).body.items[0];
    expect(product).toMatchObject({ total_stock: 4, price: { amount: '99.90', currency: 'RUB' } });
    const history = await get<{ items: object[] }>(
      member,
      `/api/v1/products/${product?.id}/history`,
    );
    expect(history.body.items).toEqual([
      {
        at: product?.updated_at,
        stock: 4,
        previous_stock: 23,
        price: { amount: '99.90', currency: 'RUB' },
        previous_price: { amount: '103.50', currency: 'RUB' },
      },
    ]);
    const renamed = (await list(member, { search: 'renamed' })).body.items[0];
    const none = await get<{ items: object[] }>(member, `/api/v1/products/${renamed?.id}/history`);
    expect(none.body.items).toEqual([]);
  });

  it('marks what has vanished, and takes it back when it is there again', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    sellers.stock(tenantId, items(10));
    travel(hour);
    expect(await sync(sellers, member)).toMatchObject({ missing: 2, changed: 0 });

    const gone = await list(member, { missing: 'true' });
    expect(gone.body.items.map(({ seller_article }) => seller_article).sort()).toEqual([
      'SKU-10',
      'SKU-11',
    ]);
    expect((await list(member)).body.total).toBe(12);
    expect((await list(member, { missing: 'false' })).body.total).toBe(10);

    sellers.stock(tenantId, items(12));
    travel(hour);
    expect(await sync(sellers, member)).toMatchObject({ missing: 0, changed: 2 });
    expect((await list(member, { missing: 'true' })).body.total).toBe(0);
  });

  it('marks a vanished product once', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    sellers.stock(tenantId, items(10));
    await sync(sellers, member);
    const before = (await list(member, { missing: 'true' })).body;
    travel(hour);

    expect(await sync(sellers, member)).toMatchObject({ missing: 0, changed: 0 });
    expect((await list(member, { missing: 'true' })).body.items).toEqual(before.items);
  });

  it('forgets what vanished 90 days ago', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    const last = (await list(member, { search: 'SKU-11' })).body.items[0];
    sellers.stock(tenantId, items(11));
    await sync(sellers, member);
    travel(90 * day + minute);
    sellers.stock(tenantId, [...items(10), item(10, { stock: 0 })]);
    await sync(sellers, member);

    expect((await list(member)).body.total).toBe(11);
    expect((await get(member, `/api/v1/products/${last?.id}`)).status).toBe(404);
  });

  it('forgets it also when nothing else has changed, in lists and figures', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    sellers.stock(tenantId, items(11));
    await sync(sellers, member);
    const figures = () => get(member, '/api/v1/analytics/dashboard');
    expect((await figures()).body).toMatchObject({ total_products: 11, missing_count: 1 });
    expect((await list(member)).body.total).toBe(12);
    travel(90 * day + minute);

    expect(await sync(sellers, member)).toMatchObject({ created: 0, changed: 0, missing: 0 });

    expect((await figures()).body).toMatchObject({ total_products: 11, missing_count: 0 });
    expect((await list(member)).body.total).toBe(11);
    const written = await writesOf(() => sync(sellers, member));
    expect(written.filter(({ pk }) => pk === `TENANT#${tenantId}#CATALOGUE`)).toEqual([]);
  });

  it('tells when stock becomes low, once', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    sellers.stock(tenantId, [...items(11), item(11, { stock: 9 })]);
    travel(hour);
    await sync(sellers, member);
    await sync(sellers, member);

    expect(sellers.eventsOf(tenantId).filter((type) => type === 'product.low_stock')).toHaveLength(
      1,
    );
  });

  it('tells of its start and its end', async () => {
    const { member, sellers, tenantId } = await fresh();

    const { task_id } = await sync(sellers, member);

    expect(sellers.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
    expect(sellers.events[1]?.data).toMatchObject({ task_id, processed: 12, created: 12 });
  });

  it('goes on in another call when the time of one is over', async () => {
    const { member, sellers, tenantId } = await fresh();
    const { task_id } = await start(sellers, tenantId);
    const seen: string[] = [];
    const { advanceSync } = await modules();

    for (let calls = 0; sellers.sent.length > 0; calls += 1) {
      const message = sellers.sent.shift();
      if (message) await advanceSync(message, sellers, () => 1000);
      const { body } = await get<{ status: string; processed: number }>(
        member,
        `/api/v1/products/sync/${task_id}`,
      );
      seen.push(`${body.status} ${body.processed}`);
      expect(calls).toBeLessThan(20);
    }

    expect(seen.slice(0, 3)).toEqual(['in_progress 5', 'in_progress 10', 'in_progress 12']);
    expect(seen.at(-1)).toBe('completed 12');
    expect((await list(member)).body.total).toBe(12);
  });

  it('packs its catalogue when most of it is outdated, and loses nothing', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => item(index));
    const { member, sellers, tenantId } = await fresh(many);
    sellers.pageSize = 1000;
    for (let round = 1; round <= 4; round += 1) {
      await sync(sellers, member);
      travel(minute);
      sellers.stock(
        tenantId,
        many.map((one) => ({ ...one, stock: one.stock + round })),
      );
    }
    await sync(sellers, member);

    const { rows, items: stored } = await stateOf({ tenantId });
    expect(rows).toHaveLength(3000);
    expect(rows.every((row, index) => row.stock === stored[index]?.stock)).toBe(true);
    const segments = (await allItems()).filter(
      ({ pk, sk }) => pk === `TENANT#${tenantId}#CATALOGUE` && String(sk).startsWith('SEGMENT'),
    );
    expect(segments.length).toBeLessThan(15);
  }, 60_000);
});

describe('one sync at a time', () => {
  it('answers a second start with the first', async () => {
    const { sellers, tenantId } = await fresh();

    const [first, second] = await Promise.all([start(sellers, tenantId), start(sellers, tenantId)]);

    expect(second.task_id).toBe(first.task_id);
    await work(sellers);
    expect(sellers.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });

  it('lets one of two workers work', async () => {
    const { member, sellers, tenantId } = await fresh();
    const { task_id } = await start(sellers, tenantId);
    const message = { tenant_id: tenantId, run_id: task_id };
    const { advanceSync } = await modules();

    await Promise.all([
      advanceSync(message, sellers, () => 600_000),
      advanceSync(message, sellers, () => 600_000),
    ]);

    expect(sellers.pagesRead).toBe(3);
    expect(sellers.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
    expect((await list(member)).body.total).toBe(12);
  });

  it('stops a worker that has lost its lock', async () => {
    const { member, sellers, tenantId } = await fresh();
    const { task_id } = await start(sellers, tenantId);
    sellers.sent.length = 0;
    const message = { tenant_id: tenantId, run_id: task_id };
    const { advanceSync } = await modules();
    let isSlow = true;
    sellers.aroundPages(tenantId, {
      after: async () => {
        if (!isSlow) return;
        isSlow = false;
        // While this one waits, its lease ends and another worker does everything.
        travel(4 * minute);
        await advanceSync(message, sellers, () => 600_000);
      },
    });

    await advanceSync(message, sellers, () => 600_000);

    expect(sellers.eventsOf(tenantId).filter((type) => type === 'sync.completed')).toHaveLength(1);
    expect((await list(member)).body.total).toBe(12);
    expect(sellers.sent).toEqual([]);
  });
});

describe('the schedule', () => {
  const sweep = async (sellers: FakeSellers) => {
    const { sweepDueSyncs } = await modules();
    await sweepDueSyncs(sellers, () => 60_000);
  };
  const ofTenant = (sellers: FakeSellers, tenantId: string) =>
    sellers.sent.filter(({ tenant_id }) => tenant_id === tenantId);

  it('syncs again after 6 hours or a little more, and not before', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    travel(6 * hour - minute);
    await sweep(sellers);
    expect(ofTenant(sellers, tenantId)).toEqual([]);

    travel(20 * minute);
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

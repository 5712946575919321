import { describe, expect, it } from 'vitest';
import { day, hour, minute, travel } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { type FakeChannels, item, items, useProducts } from '../../../harness/products/products.ts';

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
    const { member, channels } = await fresh();

    const run = await sync(channels, member);

    expect(run).toMatchObject({
      status: 'completed',
      processed: 12,
      total: 12,
      created: 12,
      changed: 0,
      missing: 0,
      error: null,
    });
    expect(channels.pagesRead).toBe(3);
    const { body } = await list(member, { sort_by: 'total_stock', sort_order: 'asc' });
    expect(body.items.map(({ seller_article }) => seller_article)).toEqual(
      items(12).map(({ seller_sku }) => seller_sku),
    );
  });

  it('brings the products of all marketplaces of the tenant', async () => {
    const { member, channels, tenantId } = await fresh(items(7));
    channels.stock(tenantId, items(8), 'ozon');

    const run = await sync(channels, member);

    expect(run).toMatchObject({ status: 'completed', processed: 15, total: 15, created: 15 });
    const { body } = await list(member);
    expect(body.total).toBe(15);
    expect(body.items.filter(({ marketplace }) => marketplace === 'ozon')).toHaveLength(8);
  });

  it('without products ends well', async () => {
    const { member, channels } = await fresh([]);

    expect(await sync(channels, member)).toMatchObject({ status: 'completed', processed: 0 });
    expect((await list(member)).body).toMatchObject({ items: [], total: 0, total_pages: 0 });
  });

  it('writes no product and no catalogue when nothing has changed', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    travel(hour);

    const written = await writesOf(() => sync(channels, member));

    const touched = written.map(({ pk, sk }) => `${pk} ${sk}`.replaceAll(tenantId, ''));
    expect(touched.filter((key) => /PRODUCT|CATALOGUE/.test(key))).toEqual([]);
  });

  it('writes only what has changed, and keeps the change of stock and price', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    const changed = items(12);
    changed[3] = item(3, { stock: 4, price: { amount: '99.90', currency: 'RUB' } });
    changed[5] = item(5, { name: 'Renamed' });
    channels.stock(tenantId, changed);
    travel(hour);

    const written = await writesOf(async () => {
      expect(await sync(channels, member)).toMatchObject({ created: 0, changed: 2, missing: 0 });
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
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    channels.stock(tenantId, items(10));
    travel(hour);
    expect(await sync(channels, member)).toMatchObject({ missing: 2, changed: 0 });

    const gone = await list(member, { missing: 'true' });
    expect(gone.body.items.map(({ seller_article }) => seller_article).sort()).toEqual([
      'SKU-10',
      'SKU-11',
    ]);
    expect((await list(member)).body.total).toBe(12);
    expect((await list(member, { missing: 'false' })).body.total).toBe(10);

    channels.stock(tenantId, items(12));
    travel(hour);
    expect(await sync(channels, member)).toMatchObject({ missing: 0, changed: 2 });
    expect((await list(member, { missing: 'true' })).body.total).toBe(0);
  });

  it('marks a vanished product once', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    channels.stock(tenantId, items(10));
    await sync(channels, member);
    const before = (await list(member, { missing: 'true' })).body;
    travel(hour);

    expect(await sync(channels, member)).toMatchObject({ missing: 0, changed: 0 });
    expect((await list(member, { missing: 'true' })).body.items).toEqual(before.items);
  });

  it('forgets what vanished 90 days ago', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    const last = (await list(member, { search: 'SKU-11' })).body.items[0];
    channels.stock(tenantId, items(11));
    await sync(channels, member);
    travel(90 * day + minute);
    channels.stock(tenantId, [...items(10), item(10, { stock: 0 })]);
    await sync(channels, member);

    expect((await list(member)).body.total).toBe(11);
    expect((await get(member, `/api/v1/products/${last?.id}`)).status).toBe(404);
  });

  it('forgets it also when nothing else has changed, in lists and figures', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    channels.stock(tenantId, items(11));
    await sync(channels, member);
    const figures = () => get(member, '/api/v1/analytics/dashboard');
    expect((await figures()).body).toMatchObject({ total_products: 11, missing_count: 1 });
    expect((await list(member)).body.total).toBe(12);
    travel(90 * day + minute);

    expect(await sync(channels, member)).toMatchObject({ created: 0, changed: 0, missing: 0 });

    expect((await figures()).body).toMatchObject({ total_products: 11, missing_count: 0 });
    expect((await list(member)).body.total).toBe(11);
    const written = await writesOf(() => sync(channels, member));
    expect(written.filter(({ pk }) => pk === `TENANT#${tenantId}#CATALOGUE`)).toEqual([]);
  });

  it('tells when stock becomes low, once', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    channels.stock(tenantId, [...items(11), item(11, { stock: 9 })]);
    travel(hour);
    await sync(channels, member);
    await sync(channels, member);

    expect(channels.eventsOf(tenantId).filter((type) => type === 'product.low_stock')).toHaveLength(
      1,
    );
  });

  it('tells of its start and its end', async () => {
    const { member, channels, tenantId } = await fresh();

    const { task_id } = await sync(channels, member);

    expect(channels.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
    expect(channels.events[1]?.data).toMatchObject({ task_id, processed: 12, created: 12 });
  });

  it('goes on in another call when the time of one is over', async () => {
    const { member, channels, tenantId } = await fresh();
    const { task_id } = await start(channels, tenantId);
    const seen: string[] = [];
    const { advanceSync } = await modules();

    for (let calls = 0; channels.sent.length > 0; calls += 1) {
      const message = channels.sent.shift();
      if (message) await advanceSync(message, channels, () => 1000);
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
    const { member, channels, tenantId } = await fresh(many);
    channels.pageSize = 1000;
    for (let round = 1; round <= 4; round += 1) {
      await sync(channels, member);
      travel(minute);
      channels.stock(
        tenantId,
        many.map((one) => ({ ...one, stock: one.stock + round })),
      );
    }
    await sync(channels, member);

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
    const { channels, tenantId } = await fresh();

    const [first, second] = await Promise.all([
      start(channels, tenantId),
      start(channels, tenantId),
    ]);

    expect(second.task_id).toBe(first.task_id);
    await work(channels);
    expect(channels.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });

  it('lets one of two workers work', async () => {
    const { member, channels, tenantId } = await fresh();
    const { task_id } = await start(channels, tenantId);
    const message = { tenant_id: tenantId, run_id: task_id };
    const { advanceSync } = await modules();

    await Promise.all([
      advanceSync(message, channels, () => 600_000),
      advanceSync(message, channels, () => 600_000),
    ]);

    expect(channels.pagesRead).toBe(3);
    expect(channels.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
    expect((await list(member)).body.total).toBe(12);
  });

  it('stops a worker that has lost its lock', async () => {
    const { member, channels, tenantId } = await fresh();
    const { task_id } = await start(channels, tenantId);
    channels.sent.length = 0;
    const message = { tenant_id: tenantId, run_id: task_id };
    const { advanceSync } = await modules();
    let isSlow = true;
    channels.aroundPages(tenantId, {
      after: async () => {
        if (!isSlow) return;
        isSlow = false;
        // While this one waits, its lease ends and another worker does everything.
        travel(4 * minute);
        await advanceSync(message, channels, () => 600_000);
      },
    });

    await advanceSync(message, channels, () => 600_000);

    expect(channels.eventsOf(tenantId).filter((type) => type === 'sync.completed')).toHaveLength(1);
    expect((await list(member)).body.total).toBe(12);
    expect(channels.sent).toEqual([]);
  });
});

describe('the schedule', () => {
  const sweep = async (channels: FakeChannels) => {
    const { sweepDueSyncs } = await modules();
    await sweepDueSyncs(channels, () => 60_000);
  };
  const ofTenant = (channels: FakeChannels, tenantId: string) =>
    channels.sent.filter(({ tenant_id }) => tenant_id === tenantId);

  it('syncs again after 6 hours or a little more, and not before', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    travel(6 * hour - minute);
    await sweep(channels);
    expect(ofTenant(channels, tenantId)).toEqual([]);

    travel(20 * minute);
    await sweep(channels);
    await sweep(channels);

    expect(ofTenant(channels, tenantId)).toHaveLength(1);
    await work(channels);
    const { listSyncRuns } = await modules();
    const { items: runs } = await listSyncRuns(tenantId, { limit: 10 });
    expect(runs.map(({ trigger, status }) => `${trigger} ${status}`)).toEqual([
      'schedule completed',
      'manual completed',
    ]);
  });

  it('lets a tenant without credentials be', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    channels.shelves.clear();
    travel(7 * hour);
    await sweep(channels);

    const left = (await allItems()).filter(
      ({ pk, tenant_id }) => String(pk).startsWith('SYNCDUE') && tenant_id === tenantId,
    );
    expect(left).toEqual([]);
  });
});

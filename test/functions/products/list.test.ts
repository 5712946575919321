import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hour, travel } from '../../../harness/clock.ts';
import { setRole } from '../../../harness/items.ts';
import {
  FakeChannels,
  item,
  items,
  type ProductPage,
  useProducts,
} from '../../../harness/products/products.ts';
import type { Member } from '../../../harness/world.ts';

const { world, start, sync, get, list } = useProducts();
afterAll(() => {
  vi.restoreAllMocks();
});

const names = [
  'Красная футболка',
  'футболка СИНЯЯ',
  'Blue shirt',
  'blue SHIRT long',
  'Straße 100%',
  'a_b%c',
];
const stocked = Array.from({ length: 60 }, (_, index) =>
  item(index, {
    name: `${names[index % names.length]} ${index}`,
    stock: index % 25,
    ...(index % 7 === 0
      ? {}
      : { price: { amount: `${(index * 37) % 50}.${index}`, currency: 'RUB' } }),
  }),
);

let owner: Member;
let channels: FakeChannels;
beforeAll(async () => {
  owner = await world.signUp();
  channels = new FakeChannels();
  channels.pageSize = 25;
  channels.stock(owner.tenantId, stocked);
  await sync(channels, owner);
});

const skusOf = ({ items: found }: ProductPage) => found.map(({ seller_article }) => seller_article);

describe('the list of products', () => {
  it('has pages with their numbers', async () => {
    const first = await list(owner, { page_size: '25', sort_by: 'seller_article' });
    const third = await list(owner, { page: '3', page_size: '25', sort_by: 'seller_article' });
    const beyond = await list(owner, { page: '4', page_size: '25' });

    expect(first.body).toMatchObject({ total: 60, page: 1, page_size: 25, total_pages: 3 });
    expect(first.body.items).toHaveLength(25);
    expect(third.body.items).toHaveLength(10);
    expect(third.body.next_cursor).toBeNull();
    expect(beyond.body).toMatchObject({ items: [], total: 60, page: 4, total_pages: 3 });
  });

  it('answers with and without a slash, 50 to a page', async () => {
    expect((await list(owner)).body.items).toHaveLength(50);
  });

  it.each([
    ['футболка', (name: string) => /футболка/i.test(name)],
    ['ФУТБОЛКА с', (name: string) => /футболка с/i.test(name)],
    ['shirt', (name: string) => /shirt/i.test(name)],
    ['%', (name: string) => name.includes('%')],
    ['_', (name: string) => name.includes('_')],
    ['.*', () => false],
    ['b', (name: string) => /b/i.test(name)],
    ['STRASSE', () => false],
  ])('finds %j in any case of letters, and takes it literally', async (search, matches) => {
    const expected = stocked
      .filter(({ name }) => matches(name))
      .map(({ seller_sku }) => seller_sku);

    const { body } = await list(owner, { search, page_size: '200' });

    expect(skusOf(body).sort()).toEqual(expected.sort());
    expect(body.total).toBe(expected.length);
  });

  it('finds by both articles', async () => {
    expect(skusOf((await list(owner, { search: '1042' })).body)).toEqual(['SKU-42']);
    expect(skusOf((await list(owner, { search: 'sku-17' })).body)).toEqual(['SKU-17']);
  });

  it('takes white space as one space, in the search and in what is searched', async () => {
    const member = await world.signUp();
    const shop = new FakeChannels();
    shop.stock(member.tenantId, [
      item(0, { name: ' Красная \t футболка\nс\u0000принтом ' }),
      item(1, { name: 'Синяя футболка' }),
    ]);
    await sync(shop, member);
    const found = async (search: string) => skusOf((await list(member, { search })).body).sort();

    expect(await found('  красная  футболка\u00a0с принтом\n')).toEqual(['SKU-0']);
    expect(await found('футболка\u0007с')).toEqual(['SKU-0']);
    for (const nothing of ['', ' ', '  ', '\n', '\u0000\t'])
      expect(await found(nothing), JSON.stringify(nothing)).toEqual(['SKU-0', 'SKU-1']);
    expect(await found('sku-0 красная')).toEqual([]);
    expect(await found('1000\nsku')).toEqual([]);
  });

  it.each([
    [{ min_stock: '10' }, (stock: number) => stock >= 10],
    [{ max_stock: '3' }, (stock: number) => stock <= 3],
    [{ min_stock: '3', max_stock: '3' }, (stock: number) => stock === 3],
    [{ low_stock_only: 'true' }, (stock: number) => stock < 10],
    [{ low_stock_only: 'true', min_stock: '20', max_stock: '5' }, (stock: number) => stock < 10],
    [{ low_stock_only: 'false', max_stock: '0' }, (stock: number) => stock === 0],
  ])('filters by stock: %j', async (query, matches) => {
    const { body } = await list(owner, { ...query, page_size: '200' });

    expect(body.items.map(({ total_stock }) => total_stock).every(matches)).toBe(true);
    expect(body.total).toBe(stocked.filter(({ stock }) => matches(stock)).length);
  });

  it.each([
    ['product_name', (one: (typeof stocked)[number]) => one.name],
    ['seller_article', (one: (typeof stocked)[number]) => one.seller_sku],
    ['marketplace_article', (one: (typeof stocked)[number]) => one.external_id],
    ['total_stock', (one: (typeof stocked)[number]) => one.stock],
    ['price', (one: (typeof stocked)[number]) => Number(one.price?.amount ?? -1)],
  ])('is sorted by %s, both ways', async (sort_by, value) => {
    const expected = stocked
      .toSorted((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x !== y) return x < y ? -1 : 1;
        return a.external_id < b.external_id ? -1 : 1;
      })
      .map(({ seller_sku }) => seller_sku);

    const up = await list(owner, { sort_by, sort_order: 'asc', page_size: '200' });
    const down = await list(owner, { sort_by, sort_order: 'desc', page_size: '200' });

    expect(skusOf(up.body)).toEqual(expected);
    expect(skusOf(down.body)).toEqual(expected.toReversed());
  });

  it.each(['total_stock', 'price', 'product_name', 'marketplace_article'])(
    'read by its cursor has everything once, by %s in both orders',
    async (sort_by) => {
      for (const sort_order of ['asc', 'desc']) {
        const query = { sort_by, sort_order };
        const all = skusOf((await list(owner, { ...query, page_size: '200' })).body);
        const read: string[] = [];
        let cursor: string | null = '';
        for (let page = 1; cursor !== null; page += 1) {
          const asked = { ...query, page_size: '17', ...(cursor && { cursor }) };
          const { body }: { body: ProductPage } = await list(owner, asked);
          expect(body).toMatchObject({ page, total: 60 });
          read.push(...skusOf(body));
          cursor = body.next_cursor;
        }
        expect(read).toEqual(all);
      }
    },
  );

  it('goes on behind the last product though a sync has changed what comes before', async () => {
    const member = await world.signUp();
    const shop = new FakeChannels();
    shop.stock(member.tenantId, items(10));
    await sync(shop, member);
    const query = { sort_by: 'total_stock', sort_order: 'asc', page_size: '4' };
    const first = await list(member, query);
    shop.stock(member.tenantId, [item(50, { stock: 0 }), item(51, { stock: 1 }), ...items(10)]);
    travel(hour);
    await sync(shop, member);

    const next = await list(member, { ...query, cursor: first.body.next_cursor ?? '' });

    expect(skusOf(next.body)).toEqual(['SKU-4', 'SKU-5', 'SKU-6', 'SKU-7']);
  });

  describe('of products with long names', () => {
    const beginnings = [
      'ы'.repeat(1000),
      '漢'.repeat(1500),
      '\u0001'.repeat(1000),
      '🫖'.repeat(500),
    ];
    const long = Array.from({ length: 24 }, (_, index) =>
      item(index, {
        name: `${beginnings[index % beginnings.length]}${String(index).padStart(3, '0')}`,
        brand: '\u0001'.repeat(200),
        category: '\u0001'.repeat(200),
        image_url: `https://example.com/${'x'.repeat(2028)}`,
      }),
    );
    let member: Member;
    let shop: FakeChannels;
    beforeAll(async () => {
      member = await world.signUp();
      shop = new FakeChannels();
      shop.stock(member.tenantId, long);
      await sync(shop, member);
    });

    it.each(['asc', 'desc'])('has cursors that it takes back, %s', async (sort_order) => {
      const query = { sort_by: 'product_name', sort_order };
      const all = skusOf((await list(member, { ...query, page_size: '200' })).body);
      const read: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const asked = { ...query, page_size: '5', ...(cursor && { cursor }) };
        const { status, body }: { status: number; body: ProductPage } = await list(member, asked);
        expect(status).toBe(200);
        read.push(...skusOf(body));
        cursor = body.next_cursor;
        expect(cursor?.length ?? 0).toBeLessThanOrEqual(2048);
      }

      expect(read).toEqual(all);
      expect(all).toHaveLength(long.length);
    });

    it.each(['asc', 'desc'])(
      'leaves none out though the last one is renamed, %s',
      async (order) => {
        const query = { sort_by: 'product_name', sort_order: order, page_size: '8' };
        const first = (await list(member, query)).body;
        const last = first.items.at(-1)?.seller_article;
        const renamed = long.map((one) => (one.seller_sku === last ? { ...one, name: 'a' } : one));
        const other = skusOf((await list(member, { ...query, page_size: '200' })).body).slice(8);
        shop.stock(member.tenantId, renamed);
        travel(hour);
        await sync(shop, member);

        const asked = { ...query, page_size: '200', cursor: first.next_cursor ?? '' };
        const rest = skusOf((await list(member, asked)).body);

        expect(rest).toEqual(expect.arrayContaining(other));
        shop.stock(member.tenantId, long);
        travel(hour);
        await sync(shop, member);
      },
    );

    it('has pages of 200 that fit into the answer of a function', async () => {
      const { body } = await list(member, { page_size: '200' });
      const [largest = 0] = body.items
        .map((one) => Buffer.byteLength(JSON.stringify(JSON.stringify(one))))
        .toSorted((a, b) => b - a);

      expect(largest * 200).toBeGreaterThan(1_000_000);
      expect(largest * 200).toBeLessThan(6 * 1024 * 1024);
    });
  });

  it('shows no less than nothing as available', async () => {
    const member = await world.signUp();
    const shop = new FakeChannels();
    shop.stock(member.tenantId, [item(0, { stock: 3, reserved: 5 })]);
    await sync(shop, member);

    expect((await list(member)).body.items).toMatchObject([
      { total_stock: 3, reserved_stock: 5, available_stock: 0 },
    ]);
  });

  it('refuses a cursor of another search', async () => {
    const { body } = await list(owner, { page_size: '5' });

    const answer = await list(owner, {
      page_size: '5',
      search: 'x',
      cursor: body.next_cursor ?? '',
    });

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
  });

  it.each([
    [{ page: '0' }],
    [{ page: '1.5' }],
    [{ page_size: '0' }],
    [{ page_size: '201' }],
    [{ min_stock: '-1' }],
    [{ max_stock: 'x' }],
    [{ min_stock: '5', max_stock: '4' }],
    [{ low_stock_only: 'yes' }],
    [{ missing: '1' }],
    [{ sort_by: 'password_hash' }],
    [{ sort_by: 'constructor' }],
    [{ sort_order: 'up' }],
    [{ search: 'x'.repeat(201) }],
    [{ cursor: '' }],
    [{ tenant_id: 'x' }],
  ])('refuses the query %j', async (query) => {
    expect(await list(owner, query as Record<string, string>)).toMatchObject({
      status: 422,
      body: { code: 'validation_failed' },
    });
  });
});

describe('figures', () => {
  it('say what the products say', async () => {
    const low = stocked.filter(({ stock }) => stock > 0 && stock < 10).length;
    const out = stocked.filter(({ stock }) => stock === 0).length;
    const total = stocked.reduce((sum, { stock }) => sum + stock, 0);

    const { body } = await get(owner, '/api/v1/analytics/dashboard');

    expect(body).toMatchObject({
      total_products: 60,
      total_stock: total,
      low_stock_count: low,
      out_of_stock_count: out,
      missing_count: 0,
      average_stock_per_product: Math.round((total / 60) * 100) / 100,
      last_sync: { status: 'completed', products_synced: 60 },
      health_score: Math.round((100 - (100 * (low + out)) / 60) * 100) / 100,
    });
    expect(body).not.toHaveProperty('total_orders');
  });

  it('of a tenant without products are zero, and its health is perfect', async () => {
    const member = await world.signUp();

    expect((await get(member, '/api/v1/analytics/dashboard')).body).toMatchObject({
      total_products: 0,
      average_stock_per_product: 0,
      last_sync: null,
      health_score: 100,
    });
  });

  it('distribute the products over bands of stock', async () => {
    const { body } = await get<Record<string, number>>(
      owner,
      '/api/v1/analytics/stock-distribution',
    );

    const within = (from: number, to: number) =>
      stocked.filter(({ stock }) => stock >= from && stock <= to).length;
    expect(body).toEqual({
      out_of_stock: within(0, 0),
      critical: within(1, 5),
      low: within(6, 20),
      medium: within(21, 50),
      good: 0,
      excellent: 0,
    });
  });

  it('list the products with low stock, least first', async () => {
    const { body } = await get<ProductPage>(owner, '/api/v1/analytics/low-stock', {
      threshold: '3',
      limit: '5',
    });

    expect(body.items.map(({ total_stock }) => total_stock)).toEqual([0, 0, 0, 1, 1]);
    expect(body.total).toBe(stocked.filter(({ stock }) => stock < 3).length);
  });

  it('list the products that buyers want most', async () => {
    const member = await world.signUp();
    const shop = new FakeChannels();
    shop.stock(member.tenantId, [
      item(1, { stock: 10, in_transit_to: 3, reserved: 1 }),
      item(2, { stock: 0, in_transit_to: 8 }),
      item(3, { stock: 50 }),
      item(4, { stock: 7, reserved: 2 }),
      item(5, { stock: 7, in_transit_to: 0 }),
    ]);
    await sync(shop, member);

    const top = async (query: Record<string, string> = {}) =>
      (
        await get<{
          items: {
            marketplace_article: string;
            units_ordered: number;
            stock_to_orders_ratio: number;
          }[];
        }>(member, '/api/v1/analytics/top-products', query)
      ).body.items.map(
        ({ marketplace_article: article, units_ordered: units, stock_to_orders_ratio: ratio }) => [
          article,
          units,
          ratio,
        ],
      );

    expect(await top()).toEqual([
      ['1002', 8, 0],
      ['1001', 4, 2.5],
      ['1004', 2, 3.5],
    ]);
    expect(await top({ limit: '1' })).toEqual([['1002', 8, 0]]);
  });

  it('list the syncs of the last days', async () => {
    const { body } = await get<{ items: object[] }>(owner, '/api/v1/analytics/sync-history');
    expect(body.items).toHaveLength(1);

    travel(8 * 24 * hour);
    const later = await get<{ items: object[] }>(owner, '/api/v1/analytics/sync-history');
    expect(later.body.items).toEqual([]);
    const month = await get<{ items: object[] }>(owner, '/api/v1/analytics/sync-history', {
      days: '30',
    });
    expect(month.body.items).toHaveLength(1);
  });
});

describe('after more syncs than a page has', () => {
  it('figures need nothing that their functions are not given', async () => {
    const member = await world.signUp();
    const shop = new FakeChannels();
    shop.stock(member.tenantId, items(2));
    for (let round = 0; round < 4; round += 1) await sync(shop, member);

    const dashboard = await get(member, '/api/v1/analytics/dashboard');
    expect(dashboard).toMatchObject({ status: 200, body: { last_sync: { status: 'completed' } } });
    const history = await get<{ items: object[] }>(member, '/api/v1/analytics/sync-history', {
      limit: '3',
    });
    expect(history.status).toBe(200);
    expect(history.body.items).toHaveLength(3);
  });
});

describe('products of another tenant', () => {
  let other: Member;
  beforeAll(async () => {
    other = await world.signUp();
    const shop = new FakeChannels();
    shop.stock(other.tenantId, items(3));
    await sync(shop, other);
  });

  it('are in no list, figure or history', async () => {
    expect((await list(other)).body.total).toBe(3);
    expect((await list(owner)).body.total).toBe(60);
    expect((await get(other, '/api/v1/analytics/dashboard')).body).toMatchObject({
      total_products: 3,
    });
    expect((await get<ProductPage>(other, '/api/v1/analytics/low-stock')).body.total).toBe(0);
    const runs = await get<{ items: { task_id: string }[] }>(other, '/api/v1/products/sync-runs');
    expect(runs.body.items).toHaveLength(1);
  });

  it('are not found by their ids', async () => {
    const [mine] = (await list(owner)).body.items;
    const runs = await get<{ items: { task_id: string }[] }>(owner, '/api/v1/products/sync-runs');
    const task = runs.body.items[0]?.task_id;

    for (const path of [
      `/api/v1/products/${mine?.id}`,
      `/api/v1/products/${mine?.id}/history`,
      `/api/v1/products/sync/${task}`,
    ]) {
      expect((await get(owner, path)).status).toBe(200);
      expect(await get(other, path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
  });

  it('are not reached by a cursor', async () => {
    const { body } = await list(owner, { page_size: '5' });

    const answer = await list(other, { page_size: '5', cursor: body.next_cursor ?? '' });

    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
  });
});

describe('starting a sync', () => {
  const post = (member: Member) =>
    world.send<{ code?: string; task_id?: string; status?: string }>(
      'POST',
      '/api/v1/products/sync',
      {
        token: member.access_token,
      },
    );

  it('needs credentials', async () => {
    expect(await post(await world.signUp())).toMatchObject({
      status: 409,
      body: { code: 'no_credentials' },
    });
  });

  it.each(['user', 'viewer'])('is not for the role %s', async (role) => {
    const member = await world.signUp();
    await setRole(member, role);

    expect(await post(member)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('that is under way answers with it', async () => {
    const member = await world.signUp();
    const shop = new FakeChannels();
    shop.stock(member.tenantId, items(3));
    const { task_id } = await start(shop, member.tenantId);

    expect(await post(member)).toMatchObject({
      status: 202,
      body: { task_id, status: 'pending' },
    });
    expect(await get(member, `/api/v1/products/sync/${task_id}`)).toMatchObject({
      status: 200,
      body: { status: 'pending', phase: 'waiting', processed: 0, total: null },
    });
  });

  it('knows no other task', async () => {
    const member = await world.signUp();

    expect(await get(member, `/api/v1/products/sync/syn_${'0'.repeat(26)}`)).toMatchObject({
      status: 404,
    });
    expect(await get(member, '/api/v1/products/sync/x')).toMatchObject({ status: 422 });
  });
});

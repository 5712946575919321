import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { minute, travel } from '../../../harness/clock.ts';
import { item, type ProductView, useProducts } from '../../../harness/products/products.ts';
import type { Member } from '../../../harness/world.ts';

const { sync, get, list, fresh } = useProducts();
afterAll(() => {
  vi.restoreAllMocks();
});

/** A tenant with products of which the marketplace tells 0, 5, nothing and 200 in stock, in this order. */
async function synced() {
  const shelf = [
    item(0, { stock: 0 }),
    item(1, { stock: 5 }),
    { ...item(2), stock: null, reserved: 3 },
    item(3, { stock: 200 }),
  ];
  const { member, channels, tenantId } = await fresh(shelf);
  await sync(channels, member);
  return { member, channels, tenantId, shelf };
}
const articles = ({ items }: { items: { seller_article: string }[] }) =>
  items.map(({ seller_article }) => seller_article);

describe('a product whose stock is unknown', () => {
  let member: Member;
  beforeAll(async () => {
    ({ member } = await synced());
  });
  const listed = async (query: Record<string, string>) =>
    articles((await list(member, query)).body);

  it('says so, in lists and by itself', async () => {
    const { body } = await list(member, { search: 'SKU-2' });
    const [found] = body.items;

    expect(found).toMatchObject({ total_stock: null, available_stock: null, reserved_stock: 3 });
    expect((await get(member, `/api/v1/products/${found?.id}`)).body).toMatchObject({
      total_stock: null,
      available_stock: null,
    });
  });

  it.each([
    [{ low_stock_only: 'true' }, ['SKU-0', 'SKU-1']],
    [{ max_stock: '1000' }, ['SKU-0', 'SKU-1', 'SKU-3']],
    [{ min_stock: '0' }, ['SKU-0', 'SKU-1', 'SKU-3']],
  ])('is neither low nor enough: %j', async (query, expected) => {
    expect((await listed(query)).toSorted()).toEqual(expected);
  });

  it.each([
    ['asc', ['SKU-2', 'SKU-0', 'SKU-1', 'SKU-3']],
    ['desc', ['SKU-3', 'SKU-1', 'SKU-0', 'SKU-2']],
  ])(
    'has a place in the order by stock (%s), which a cursor finds again',
    async (order, expected) => {
      const query = { sort_by: 'total_stock', sort_order: order, page_size: '1' };
      const found: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body } = await list(member, { ...query, ...(cursor && { cursor }) });
        found.push(...articles(body));
        cursor = body.next_cursor;
      }

      expect(found).toEqual(expected);
    },
  );

  it('is in no figure but the number of products', async () => {
    const { body: low } = await get<{ items: ProductView[] }>(
      member,
      '/api/v1/analytics/low-stock',
    );
    const { body: top } = await get(member, '/api/v1/analytics/top-products');

    expect(articles(low)).toEqual(['SKU-0', 'SKU-1']);
    expect(top).toMatchObject({
      items: [{ seller_article: 'SKU-2', units_ordered: 3, stock_to_orders_ratio: null }],
    });
    expect((await get(member, '/api/v1/analytics/dashboard')).body).toMatchObject({
      total_products: 4,
      total_stock: 205,
      low_stock_count: 1,
      out_of_stock_count: 1,
      average_stock_per_product: 68.33,
      health_score: 33.33,
    });
    expect((await get(member, '/api/v1/analytics/stock-distribution')).body).toEqual({
      out_of_stock: 1,
      critical: 1,
      low: 0,
      medium: 0,
      good: 0,
      excellent: 1,
    });
  });

  it('is told to no webhook as low, and in the history as unknown', async () => {
    const { member: seller, channels, tenantId, shelf } = await synced();
    const next = (stocks: (number | null)[]) => {
      travel(minute);
      channels.stock(
        tenantId,
        shelf.map((one, index) => ({ ...one, stock: stocks[index] ?? null })),
      );
      return sync(channels, seller);
    };
    await next([0, null, 4, null]);
    await next([0, 5, null, 3]);

    expect(channels.events.filter(({ type }) => type === 'product.low_stock')).toEqual([]);
    const { body } = await list(seller, { search: 'SKU-3' });
    const history = await get(seller, `/api/v1/products/${body.items[0]?.id}/history`);
    expect(history.body).toMatchObject({
      items: [
        { stock: 3, previous_stock: null },
        { stock: null, previous_stock: 200 },
      ],
    });
  });
});

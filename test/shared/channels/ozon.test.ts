import { afterEach, describe, expect, it } from 'vitest';
import { decimal, generateProduct } from '../../../local/channels/fake-products.ts';
import { startOzon } from '../../../local/channels/ozon.ts';
import { ozon } from '../../../shared/channels/ozon.ts';
import { keyOf, readAll, useStandIn } from './fakes.ts';

const around = useStandIn(startOzon, 'OZON_URL');
const all = (products: number) => {
  const call = around.call();
  return readAll(ozon, around.account({ products }), () => call);
};

afterEach(() => around.standIn.setFaults({}));

describe('Ozon', () => {
  it('joins the list, the product information and the stocks into products', async () => {
    const products = await all(40);

    for (const [index, product] of products.entries()) {
      const made = generateProduct(1, index, 0);
      const discounted = Math.round((made.price * (100 - made.discountPercent)) / 100);
      const [first] = made.sizes;
      expect(product).toEqual({
        external_id: String(500_000_000 + index),
        seller_sku: made.sku,
        name: made.name,
        image_url: `https://cdn1.ozone.ru/s3/multimedia/${500_000_000 + index}.jpg`,
        barcodes: made.sizes.map(({ barcode }) => barcode),
        price: { amount: decimal(discounted), currency: 'RUB' },
        stock: made.sizes.reduce((total, { quantity }) => total + quantity, 0),
        reserved: Math.min(made.reserved, first?.quantity ?? 0),
      });
    }
  });

  it.each([0, 1, 999, 1000, 1001])('reads all of %i products, each once', async (count) => {
    const products = await all(count);

    expect(products.map(({ external_id }) => Number(external_id) - 500_000_000)).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
  });

  it('reads 100,000 products to the end within the documented limits, and tells how many there are', async () => {
    const account = around.account({ products: 100_000 });
    const page = await ozon.page(keyOf(account), undefined, around.call());
    expect(page).toMatchObject({ total: 100_000, phase: 'products' });
    const call = around.call();

    const products = await readAll(ozon, account, () => call);

    expect(new Set(products.map(({ external_id }) => external_id)).size).toBe(100_000);
  }, 120_000);

  it('resumes at any page in another container', async () => {
    const account = around.account({ products: 2500 });
    const whole = await readAll(ozon, account, () => around.call());
    const { next } = await ozon.page(keyOf(account), undefined, around.call());

    expect(await readAll(ozon, account, () => around.call(), next)).toEqual(whole.slice(1000));
  });

  it('ends in the same products with limits and faults on', async () => {
    const account = around.account({ products: 5000 });
    const calm = around.call();
    const expected = await readAll(ozon, account, () => calm);
    const errors = ['unavailable', 'rate_limited', 'long_wait', 'malformed', 'truncated'] as const;
    for (const error of errors) {
      around.standIn.setFaults({ error, every: 4 });
      const call = around.call();
      expect(await readAll(ozon, account, () => call), error).toEqual(expected);
    }
  });

  it.each([
    ['unavailable', 'unavailable'],
    ['rate_limited', 'rate_limited'],
    ['long_wait', 'rate_limited'],
    ['malformed', 'malformed'],
    ['incomplete', 'malformed'],
    ['endless', 'malformed'],
    ['truncated', 'unavailable'],
    ['unauthorized', 'wrong_key'],
  ] as const)('gives up on lasting trouble (%s) with %s', async (error, code) => {
    const account = around.account({ products: 10 });
    around.standIn.setFaults({ error });

    await expect(ozon.page(keyOf(account), undefined, around.call())).rejects.toMatchObject({
      name: 'ChannelError',
      code,
    });
  });
});

describe('checking an Ozon key', () => {
  it.each([0, 5])('accepts a key with all roles, with %i products', async (products) => {
    const account = around.account({ products });

    await expect(ozon.check(keyOf(account), around.call())).resolves.toBeUndefined();
  });

  it.each([
    { client_id: '1', api_key: 'not-a-key-of-anybody' },
    { client_id: '', api_key: 'not-a-key-of-anybody' },
  ])('tells a wrong key', async (credentials) => {
    await expect(ozon.check(credentials, around.call())).rejects.toMatchObject({
      code: 'wrong_key',
    });
  });

  it.each(['/v3/product/list', '/v3/product/info/list', '/v4/product/info/stocks'])(
    'names the method that a key has no role for: %s',
    async (method) => {
      const account = around.account({ products: 3, lacks: [method] });

      await expect(ozon.check(keyOf(account), around.call())).rejects.toMatchObject({
        code: 'wrong_scope',
        message: `The Ozon key has no role for ${method}.`,
      });
    },
  );
});

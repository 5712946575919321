import { afterEach, describe, expect, it } from 'vitest';
import { generateProduct } from '../../../local/channels/fake-products.ts';
import { startWildberries } from '../../../local/channels/wildberries.ts';
import { createWildberries, wildberries } from '../../../shared/channels/wildberries.ts';
import { keyOf, memoryBucket, readAll, useStandIn } from './fakes.ts';

const around = useStandIn(startWildberries, 'WILDBERRIES_URL');
const all = (products: number, nextCall = () => around.call()) => {
  const call = nextCall();
  return readAll(wildberries, around.account({ products }), () => call);
};

afterEach(() => around.standIn.setFaults({}));

describe('Wildberries', () => {
  it('joins cards, prices and the stock report into products', async () => {
    const [first] = await all(1);
    const made = generateProduct(1, 0, 0);

    const discounted = Math.round((made.price * (100 - made.discountPercent)) / 100);
    expect(first).toEqual({
      external_id: '100000000',
      seller_sku: made.sku,
      name: made.name,
      ...(made.brand && { brand: made.brand }),
      category: made.category,
      image_url: 'https://basket-01.wbbasket.ru/vol1000/100000000/images/big/1.webp',
      barcodes: made.sizes.map(({ barcode }) => barcode),
      price: { amount: String(discounted / 100), currency: 'RUB' },
      stock: made.sizes.reduce((total, { quantity }) => total + quantity, 0),
      in_transit_to: made.toClient,
      in_transit_from: made.fromClient,
    });
  });

  it.each([0, 1, 99, 100, 101, 250, 999, 1000, 1001])(
    'reads all of %i products, each once',
    async (count) => {
      const products = await all(count);

      expect(products.map(({ external_id }) => Number(external_id) - 100_000_000)).toEqual(
        Array.from({ length: count }, (_, index) => index),
      );
    },
  );

  it('reads 100,000 products to the end within the documented limits', async () => {
    const startedAt = around.clock.now();
    const before = new Map(around.standIn.requests);

    const products = await all(100_000);

    expect(new Set(products.map(({ external_id }) => external_id)).size).toBe(100_000);
    const minutes = (around.clock.now() - startedAt) / 60_000;
    expect(minutes).toBeGreaterThan(9.9);
    expect(minutes).toBeLessThan(10.2);
    // One more of each would be one that came too early.
    expect(
      [...around.standIn.requests].map(([name, count]) => [name, count - (before.get(name) ?? 0)]),
    ).toEqual([
      ['POST /seller-analytics-api/api/analytics/v1/stocks-report/wb-warehouses', 1],
      ['POST /seller-analytics-api/api/analytics/v1/stocks-report/seller-warehouses', 1],
      ['POST /content-api/content/v2/get/cards/list', 1001],
      ['POST /discounts-prices-api/api/v2/list/goods/filter', 100],
    ]);
  }, 120_000);

  it('sums stocks over the pages of the report as over one', async () => {
    const account = around.account({ products: 300 });
    const [call, other] = [around.call(), around.call()];
    const inPages = await readAll(createWildberries({ stockRows: 50 }), account, () => other);

    expect(inPages).toEqual(await readAll(wildberries, account, () => call));
  });

  it('counts what lies in the own warehouses of the seller', async () => {
    const products = await all(10);
    const own = generateProduct(1, 9, 0);

    expect(own.isOwn).toBe(true);
    expect(products[9]).toMatchObject({
      stock: own.sizes.reduce((total, { quantity }) => total + quantity, 0),
    });
  });

  it('takes the stock for unknown that its key cannot read, and not for none', async () => {
    const [call, other] = [around.call(), around.call()];
    const whole = await readAll(wildberries, around.account({ products: 200 }), () => call);
    const half = around.account({ products: 200, kind: 'base with secret' });

    const products = await readAll(wildberries, half, () => other);

    const isAtWildberries = (index: number) => {
      const { isOwn, sizes, toClient, fromClient } = generateProduct(1, index, 0);
      return !isOwn && (toClient + fromClient > 0 || sizes.some(({ quantity }) => quantity > 0));
    };
    expect(products.map(({ stock }) => stock)).toEqual(
      whole.map(({ stock }, index) => (isAtWildberries(index) ? stock : null)),
    );
    expect(products.filter(({ stock }) => stock === null).length).toBeGreaterThan(19);
  });

  it('resumes at any page in another container', async () => {
    const account = around.account({ products: 1250 });
    const whole = await readAll(wildberries, account, () => around.call());
    const { next } = await wildberries.page(keyOf(account), undefined, around.call());

    expect(await readAll(wildberries, account, () => around.call(), next)).toEqual(
      whole.slice(1000),
    );
  });

  it('ends in the same products with limits and faults on', async () => {
    const account = around.account({ products: 1000 });
    const calm = around.call();
    const expected = await readAll(wildberries, account, () => calm);
    const errors = [
      'unavailable',
      'rate_limited',
      'long_wait',
      'malformed',
      'incomplete',
      'truncated',
    ] as const;
    for (const error of errors) {
      around.standIn.setFaults({ error, every: 4 });
      const call = around.call();
      expect(await readAll(wildberries, account, () => call), error).toEqual(expected);
    }
  });

  it('waits as long as X-Ratelimit-Retry says, and no other worker goes meanwhile', async () => {
    const account = around.account({ products: 1 });
    const bucket = memoryBucket();
    around.standIn.setFaults({ error: 'rate_limited', times: 1 });
    const startedAt = around.clock.now();

    await wildberries.page(keyOf(account), undefined, around.call({ bucket }));

    expect(around.clock.now() - startedAt).toBeGreaterThanOrEqual(2000);
  });

  it('says rate_limited, and for how long, when the deadline comes first', async () => {
    const account = around.account({ products: 1 });
    const { clock } = around;
    around.standIn.setFaults({ error: 'rate_limited' });
    const call = around.call({ deadlineMs: clock.now() + 1000 });

    await expect(wildberries.page(keyOf(account), undefined, call)).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterMs: expect.any(Number),
    });
  });

  it.each([
    ['unavailable', 'unavailable'],
    ['long_wait', 'rate_limited'],
    ['malformed', 'malformed'],
    ['incomplete', 'malformed'],
    ['endless', 'malformed'],
    ['truncated', 'unavailable'],
    ['unauthorized', 'wrong_key'],
  ] as const)('gives up on lasting trouble (%s) with %s', async (error, code) => {
    const account = around.account({ products: 10 });
    around.standIn.setFaults({ error });

    await expect(wildberries.page(keyOf(account), undefined, around.call())).rejects.toMatchObject({
      name: 'ChannelError',
      code,
    });
  });

  it('gives up on an API that stays silent', async () => {
    const account = around.account({ products: 10 });
    around.standIn.setFaults({ error: 'timeout' });
    const call = around.call({ timeoutMs: 30, attempts: 2 });

    await expect(wildberries.check(keyOf(account), call)).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('checking a Wildberries key', () => {
  it('accepts a key that opens all categories', async () => {
    const account = around.account({ products: 0 });

    await expect(wildberries.check(keyOf(account), around.call())).resolves.toBeUndefined();
  });

  it('tells a wrong key also while a category is silent', async () => {
    for (const every of [2, 3, 4]) {
      around.standIn.setFaults({ error: 'unavailable', every });

      await expect(
        wildberries.check({ api_key: 'a-key-that-nobody-has-given-out' }, around.call()),
      ).rejects.toMatchObject({ code: 'wrong_key' });
    }
  });

  it('tells a wrong key', async () => {
    await expect(
      wildberries.check({ api_key: 'not-a-key-of-anybody' }, around.call()),
    ).rejects.toMatchObject({ code: 'wrong_key' });
  });

  it.each(['personal', 'service', 'base with secret'] as const)(
    'accepts a key of the kind %s',
    async (kind) => {
      const account = around.account({ kind });

      await expect(wildberries.check(keyOf(account), around.call())).resolves.toBeUndefined();
    },
  );

  it('refuses a key whose kind does not open the stock report, with the reason', async () => {
    const account = around.account({ kind: 'base' });

    await expect(wildberries.check(keyOf(account), around.call())).rejects.toMatchObject({
      code: 'wrong_scope',
      message:
        'Wildberries does not open its reports of Analytics to a base token. Make a token of the kind service, personal or base with secret.',
    });
  });

  it('names the categories that a key lacks', async () => {
    const account = around.account({ lacks: ['prices', 'analytics'] });

    await expect(wildberries.check(keyOf(account), around.call())).rejects.toMatchObject({
      code: 'wrong_scope',
      message: 'The Wildberries key does not open: Prices and discounts, Analytics.',
    });
  });
});

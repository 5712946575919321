import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ozon } from '../../../shared/channels/ozon.ts';
import { wildberries } from '../../../shared/channels/wildberries.ts';
import { logger } from '../../../shared/runtime/logger.ts';
import {
  card,
  cards,
  good,
  goods,
  info,
  infos,
  list,
  listed,
  stock,
  stocks,
  useAnswers,
} from './answers-server.ts';

const { give, page, newCall, credentials } = useAnswers();
const warn = vi.spyOn(logger, 'warn').mockReturnValue();
afterEach(() => warn.mockClear());

const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const givePrices = (prices: readonly unknown[]) =>
  give({
    cards: cards(...ids(prices.length).map((id) => card(id))),
    prices: goods(...prices.map((price, index) => good(index + 1, price))),
    list: list(...ids(prices.length).map((id) => listed(id))),
    info: infos(...prices.map((price, index) => info(index + 1, { price }))),
    stocks: stocks(...ids(prices.length).map((id) => stock(id))),
  });
const amountsOf = async (adapter: typeof ozon) =>
  (await page(adapter)).products.map(({ price }) => price?.amount);

describe('what describes a product', () => {
  it('may be null in Wildberries, everywhere', async () => {
    const nothing = { vendorCode: null, title: null, brand: null, subjectName: null };
    give({
      cards: {
        cards: [
          card(1, { ...nothing, photos: null, sizes: null }),
          card(2, { ...nothing, photos: [null, { big: null }], sizes: [null, { skus: null }] }),
          card(3, { ...nothing, photos: [], sizes: [{ skus: [null, '', '46003'] }] }),
        ],
        cursor: { updatedAt: null, nmID: null, total: 3 },
      },
      prices: goods(
        good(1, null),
        good(2, 350, { sizes: null }),
        good(3, 350, { currencyIsoCode4217: null }),
      ),
    });

    expect((await page(wildberries)).products).toMatchObject([
      { external_id: '1', seller_sku: '', name: '', barcodes: [] },
      { external_id: '2', seller_sku: '', name: '', barcodes: [] },
      { external_id: '3', seller_sku: '', name: '', barcodes: ['46003'] },
    ]);
  });

  it('may be null in Ozon, everywhere', async () => {
    const nothing = { offer_id: null, name: null, currency_code: null, price: null };
    give({
      list: {
        result: { items: [listed(1, { offer_id: null }), listed(2)], total: 2, last_id: null },
      },
      info: infos(
        info(1, { ...nothing, barcodes: null, primary_image: null, images: null }),
        info(2, { ...nothing, barcodes: [null], primary_image: [null], images: [null] }),
      ),
      stocks: { cursor: null, total: 2, items: [stock(1), stock(2)] },
    });

    expect((await page(ozon)).products).toEqual([
      { external_id: '1', seller_sku: '', name: '', barcodes: [], stock: 5, reserved: 1 },
      { external_id: '2', seller_sku: '', name: '', barcodes: [], stock: 5, reserved: 1 },
    ]);
  });

  it.each([
    ['nmID', { cards: { cards: [card(0)], cursor: { total: 1 } } }],
    ['nmID', { cards: { cards: [{ ...card(1), nmID: null }], cursor: { total: 1 } } }],
    ['product_id', { list: list({ ...listed(1), product_id: null }) }],
    ['product_id', { list: list({ ...listed(1), product_id: '0' }) }],
    ['id', { info: infos({ ...info(1), id: null }) }],
  ] as const)('does not stand for an id: %s', async (_, answers) => {
    give(answers);

    const adapter = 'cards' in answers ? wildberries : ozon;
    await expect(page(adapter)).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('texts of a product', () => {
  const long = (length: number) => 'ы'.repeat(length);

  it('are cut to what can be kept', async () => {
    const barcodes = Array.from({ length: 80 }, (_, index) => `${1000 + index}${'9'.repeat(200)}`);
    give({
      cards: cards(
        card(1, {
          vendorCode: long(300),
          title: long(5000),
          brand: long(300),
          subjectName: long(300),
          sizes: [{ skus: barcodes }],
        }),
      ),
      info: infos(info(1, { offer_id: long(300), name: long(5000), barcodes })),
    });
    const cut = {
      seller_sku: long(200),
      name: long(1000),
      barcodes: barcodes.slice(0, 50).map((barcode) => barcode.slice(0, 100)),
    };

    expect((await page(wildberries)).products).toMatchObject([
      { ...cut, brand: long(200), category: long(200) },
    ]);
    expect((await page(ozon)).products).toMatchObject([cut]);
  });

  it('are well formed wherever they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(3), fc.boolean(), async (offset, isLone) => {
        const name = `${'x'.repeat(996 + offset)}${isLone ? '\ud83e' : ''}${'🫖'.repeat(9)}`;
        give({ info: infos(info(1, { name })) });

        const [product] = (await page(ozon)).products;

        expect(product?.name.isWellFormed()).toBe(true);
        expect(product?.name.length).toBeLessThanOrEqual(1000);
        expect(product?.name.length).toBeGreaterThanOrEqual(999);
      }),
      { numRuns: 8 },
    );
  });

  it.each([
    [['http://example.com/1.jpg'], undefined],
    [['javascript:alert(1)'], undefined],
    [['data:image/png;base64,AAAA'], undefined],
    [['//example.com/1.jpg'], undefined],
    [['not an address'], undefined],
    [[`https://example.com/${'x'.repeat(2048)}`], undefined],
    [['', 'http://example.com/1.jpg', 'https://example.com/2.jpg'], 'https://example.com/2.jpg'],
  ])('have an image only with an address that can be shown: %#', async (images, shown) => {
    give({
      cards: cards(card(1, { photos: images.map((big) => ({ big })) })),
      info: infos(info(1, { primary_image: images[0], images: images.slice(1) })),
    });

    for (const adapter of [ozon, wildberries])
      expect((await page(adapter)).products[0]?.image_url).toBe(shown);
  });
});

describe('a price that cannot be taken over', () => {
  it.each([
    [ozon, 'twelve'],
    [ozon, '1e3'],
    [ozon, '-1.00'],
    [ozon, { value: 1 }],
    [wildberries, 0.1 + 0.2],
    [wildberries, -1],
    [wildberries, 1e21],
    [wildberries, [350]],
  ])('leaves its product without one and is logged: %#', async (adapter, wrong) => {
    const fine = adapter === ozon ? '120.00' : 350;
    givePrices([fine, wrong, fine]);

    expect(await amountsOf(adapter)).toEqual([String(fine), undefined, String(fine)]);
    expect(warn).toHaveBeenCalledExactlyOnceWith('seller_price_dropped', {
      marketplace: adapter === ozon ? 'ozon' : 'wildberries',
      external_ids: ['2'],
    });
  });

  it('does not stop an account with one product', async () => {
    givePrices([0.1 + 0.2]);
    expect(await amountsOf(wildberries)).toEqual([undefined]);

    give({ info: infos(info(1, { currency_code: '' })) });
    expect(await amountsOf(ozon)).toEqual([undefined]);
  });

  it("is the answer's fault when more than a tenth of the prices are so", async () => {
    const prices = (wrong: number, missing = 0) => [
      ...Array.from({ length: 50 - wrong - missing }, () => 350),
      ...Array.from({ length: missing }, () => null),
      ...Array.from({ length: wrong }, () => 0.1 + 0.2),
    ];
    givePrices(prices(5));
    expect((await amountsOf(wildberries)).filter((amount) => amount === undefined)).toHaveLength(5);

    for (const many of [prices(6), prices(5, 10)]) {
      givePrices(many);
      await expect(page(wildberries)).rejects.toMatchObject({ code: 'malformed' });
    }
    givePrices(prices(6).map((price) => (price === 350 ? '120.00' : price)));
    await expect(page(ozon)).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('a key of a service that Wildberries wants to be paid for', () => {
  const unpaid = (_asked: never, response: ServerResponse) => {
    response.writeHead(402).end('{}');
  };
  const told = {
    code: 'wrong_scope',
    message:
      'Wildberries asks to be paid before it opens Content: the key is of a service of its solutions catalogue.',
  };

  it('is told so when its products are read', async () => {
    give({ cards: unpaid });

    await expect(page(wildberries)).rejects.toMatchObject(told);
  });

  it('is told so when it is checked', async () => {
    give({ ping: unpaid });

    await expect(wildberries.check(credentials, newCall())).rejects.toMatchObject(told);
  });
});

import { decodeJwt } from 'jose';
import * as z from 'zod';
import { exactDecimal, malformed, readJson, refusalText } from './answers.ts';
import { jsonRows } from './json-rows.ts';
import {
  type Credentials,
  type Seller,
  type SellerCall,
  SellerError,
  type SellerLimit,
  type SellerPage,
  type SellerProduct,
} from './seller.ts';
import { StockSums } from './stock-sums.ts';

const marketplace = 'wildberries';

/** Each category has its own host and its own limits; a key opens some of them. */
const categories = {
  content: { host: 'content-api', name: 'Content' },
  prices: { host: 'discounts-prices-api', name: 'Prices and discounts' },
  analytics: { host: 'seller-analytics-api', name: 'Analytics' },
} as const;
type Category = keyof typeof categories;

const limits = {
  content: { category: 'content', intervalMs: 600, burst: 5 },
  prices: { category: 'prices', intervalMs: 600, burst: 5 },
  stocks: { category: 'analytics-stocks', intervalMs: 20_000, burst: 1 },
} as const satisfies Record<string, SellerLimit>;

const pingLimit = (category: Category): SellerLimit => ({
  category: `ping-${category}`,
  intervalMs: 10_000,
  burst: 3,
});

const cardsPerPage = 100;
const quantity = z.int().nonnegative();

const Cards = z.object({
  cards: z.array(
    z.object({
      nmID: z.int().positive(),
      vendorCode: z.string(),
      title: z.string().default(''),
      brand: z.string().optional(),
      subjectName: z.string().optional(),
      photos: z.array(z.object({ big: z.string().optional() })).nullish(),
      sizes: z.array(z.object({ skus: z.array(z.string()).nullish() })).nullish(),
    }),
  ),
  cursor: z.object({
    updatedAt: z.string().optional(),
    nmID: z.int().optional(),
    total: z.int().nonnegative(),
  }),
});
type Card = z.infer<typeof Cards>['cards'][number];

const Prices = z.object({
  error: z.literal(false).optional(),
  data: z.object({
    listGoods: z.array(
      z.object({
        nmID: z.int().positive(),
        sizes: z.array(z.object({ discountedPrice: z.number().nonnegative() })),
        currencyIsoCode4217: z.string().regex(/^[A-Z]{3}$/),
      }),
    ),
  }),
});

const StockRow = z.object({
  nmId: z.int().positive(),
  quantity,
  inWayToClient: quantity,
  inWayFromClient: quantity,
});

const WildberriesCredentials = z
  .strictObject({
    api_key: z
      .string()
      .min(16, 'has fewer than 16 characters')
      .max(4096, 'is longer than 4096 characters')
      .regex(/^[\x21-\x7e]+$/, 'has characters that no key has'),
  })
  .meta({ id: 'WildberriesCredentials' });

interface Cursor {
  updatedAt: string;
  nmID: number;
}

/**
 * Wildberries: product cards of 100, each page joined with its prices and with the stock report,
 * which is read once per call. `stockRows` is how many rows of the report are asked for at a time.
 */
export function createWildberries({ stockRows = 250_000 } = {}): Seller {
  return {
    marketplace,
    credentials: WildberriesCredentials,
    open: [],
    defaultUrl: 'https://{host}.wildberries.ru',
    account: sellerOf,
    check,
    page: async (credentials, cursor, call) => {
      const stocks = call.once('wildberries-stocks', () =>
        readStocks(credentials, stockRows, call),
      );
      // Whoever awaits it below sees its failure; this one only keeps it from being unhandled.
      stocks.catch(() => {});
      const { cards, next } = await readCards(credentials, cursor, call);
      const prices = await readPrices(credentials, cards, call);
      const stockOf = await stocks;
      const products = cards.map((card) => toProduct(card, prices.get(card.nmID), stockOf));
      return { products, next, total: undefined, phase: 'products' } satisfies SellerPage;
    },
  };
}

export const wildberries: Seller = createWildberries();

/** A key is a JWT whose `sid` is the seller's id. */
function sellerOf({ api_key: key = '' }: Credentials): string | undefined {
  try {
    const { sid } = decodeJwt(key);
    return typeof sid === 'string' && sid !== '' ? sid : undefined;
  } catch {
    return undefined;
  }
}

async function check(credentials: Credentials, call: SellerCall): Promise<void> {
  const names = Object.keys(categories) as Category[];
  const outcomes = await Promise.allSettled(names.map((name) => ping(name, credentials, call)));
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [{ category: names[index], reason: outcome.reason }] : [],
  );
  if (failures.length === 0) return;
  const hasSucceeded = failures.length < names.length;
  const refused = failures.filter(
    ({ reason }) =>
      reason instanceof SellerError && ['wrong_key', 'wrong_scope'].includes(reason.code),
  );
  // A refusal counts, whatever else did not answer.
  if (refused.length === 0) throw failures[0]?.reason;
  const isWrongKey = !hasSucceeded && refused.every(({ reason }) => reason.code === 'wrong_key');
  if (isWrongKey) throw new SellerError('wrong_key', 'Wildberries does not accept this key.');
  const lacking = refused.map(({ category }) => category && categories[category].name).join(', ');
  throw new SellerError('wrong_scope', `The Wildberries key does not open: ${lacking}.`);
}

function ping(category: Category, credentials: Credentials, call: SellerCall): Promise<void> {
  return call.send(
    {
      ...requestOf(category, '/ping', credentials, call),
      method: 'GET',
      limit: pingLimit(category),
    },
    async (response) => {
      await assertOk(response, category);
      await response.text();
    },
  );
}

async function readCards(
  credentials: Credentials,
  cursor: string | undefined,
  call: SellerCall,
): Promise<{ cards: Card[]; next: string | undefined }> {
  const start = cursor === undefined ? undefined : parseCursor(cursor);
  const { cards, cursor: end } = await call.send(
    {
      ...requestOf('content', '/content/v2/get/cards/list?locale=ru', credentials, call),
      method: 'POST',
      limit: limits.content,
      body: {
        settings: {
          // Oldest change first: a card that changes meanwhile moves to the end and is met again.
          sort: { ascending: true },
          filter: {
            withPhoto: -1,
            textSearch: '',
            allowedCategoriesOnly: true,
            tagIDs: [],
            objectIDs: [],
            brands: [],
            imtID: 0,
          },
          cursor: { limit: cardsPerPage, ...start },
        },
      },
    },
    async (response) => {
      await assertOk(response, 'content');
      return readJson(response, Cards, 'The list of cards of Wildberries');
    },
  );
  if (cards.length !== end.total)
    throw malformed('Wildberries announced another number of cards than it gave.');
  if (end.total < cardsPerPage) return { cards, next: undefined };
  if (end.updatedAt === undefined || end.nmID === undefined)
    throw malformed('Wildberries did not tell where its next cards start.');
  const next = { updatedAt: end.updatedAt, nmID: end.nmID };
  if (start && start.updatedAt === next.updatedAt && start.nmID === next.nmID)
    throw malformed('Wildberries gives the same cards over and over.');
  return { cards, next: JSON.stringify(next) };
}

const CursorShape = z.strictObject({ updatedAt: z.string(), nmID: z.int() });

function parseCursor(cursor: string): Cursor {
  return CursorShape.parse(JSON.parse(cursor));
}

type Price = NonNullable<SellerProduct['price']>;

async function readPrices(
  credentials: Credentials,
  cards: readonly Card[],
  call: SellerCall,
): Promise<Map<number, Price>> {
  if (cards.length === 0) return new Map();
  const { data } = await call.send(
    {
      ...requestOf('prices', '/api/v2/list/goods/filter', credentials, call),
      method: 'POST',
      limit: limits.prices,
      body: { nmList: cards.map(({ nmID }) => nmID) },
    },
    async (response) => {
      await assertOk(response, 'prices');
      return readJson(response, Prices, 'The list of prices of Wildberries');
    },
  );
  const asked = new Set(cards.map(({ nmID }) => nmID));
  return new Map(
    data.listGoods.flatMap(({ nmID, sizes, currencyIsoCode4217: currency }) => {
      if (!asked.has(nmID)) throw malformed('Wildberries gave prices that nobody asked for.');
      if (sizes.length === 0) return [];
      const lowest = Math.min(...sizes.map(({ discountedPrice }) => discountedPrice));
      return [[nmID, { amount: exactDecimal(lowest, 'A price of Wildberries'), currency }]];
    }),
  );
}

async function readStocks(
  credentials: Credentials,
  stockRows: number,
  call: SellerCall,
): Promise<StockSums> {
  let all: StockSums | undefined;
  for (let offset = 0; ; offset += stockRows) {
    const page = { limit: stockRows, offset };
    const { rows, sums } = await readStockRows(credentials, page, call);
    if (all) all.addAll(sums);
    else all = sums;
    if (rows < stockRows) return all;
  }
}

/** Sums of their own for each try, so that one that fails half-way adds nothing. */
async function readStockRows(
  credentials: Credentials,
  page: { limit: number; offset: number },
  call: SellerCall,
): Promise<{ rows: number; sums: StockSums }> {
  return call.send(
    {
      ...requestOf('analytics', '/api/analytics/v1/stocks-report/wb-warehouses', credentials, call),
      method: 'POST',
      limit: limits.stocks,
      body: { nmIds: [], chrtIds: [], ...page },
      timeoutMs: 60_000,
    },
    async (response) => {
      await assertOk(response, 'analytics');
      const sums = new StockSums();
      if (response.status === 204 || !response.body) return { rows: 0, sums };
      let rows = 0;
      for await (const value of jsonRows(response.body, 'data', 'items')) {
        const row = StockRow.safeParse(value);
        if (!row.success) throw malformed('A row of the stock report has an unexpected shape.');
        rows += 1;
        if (rows > page.limit) throw malformed('The stock report has more rows than asked for.');
        const { nmId, quantity: stock, inWayToClient, inWayFromClient } = row.data;
        sums.add(nmId, { stock, toClient: inWayToClient, fromClient: inWayFromClient });
      }
      return { rows, sums };
    },
  );
}

function toProduct(card: Card, price: Price | undefined, stocks: StockSums): SellerProduct {
  const { stock, toClient, fromClient } = stocks.of(card.nmID);
  const image = card.photos?.[0]?.big;
  return {
    external_id: String(card.nmID),
    seller_sku: card.vendorCode,
    name: card.title,
    ...(card.brand && { brand: card.brand }),
    ...(card.subjectName && { category: card.subjectName }),
    ...(image && { image_url: image }),
    barcodes: [...new Set(card.sizes?.flatMap(({ skus }) => skus ?? []) ?? [])],
    ...(price && { price }),
    stock,
    in_transit_to: toClient,
    in_transit_from: fromClient,
  };
}

function requestOf(category: Category, path: string, credentials: Credentials, call: SellerCall) {
  const { host } = categories[category];
  return {
    marketplace,
    credentials,
    url: call.baseUrl(marketplace).replace('{host}', host) + path,
    headers: { authorization: credentials.api_key ?? '' },
  };
}

/** Throws what a refusal means. A 401 names the scope where the key is good and the category is not. */
async function assertOk(response: Response, category: Category): Promise<void> {
  if (response.ok) return;
  const { name } = categories[category];
  const text = await refusalText(response);
  if (response.status === 401 && !/scope|category/i.test(text))
    throw new SellerError('wrong_key', 'Wildberries does not accept this key.');
  if ([401, 402, 403].includes(response.status))
    throw new SellerError('wrong_scope', `The Wildberries key does not open: ${name}.`);
  throw malformed(`Wildberries answered ${response.status} to a request for ${name}.`);
}

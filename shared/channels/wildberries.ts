import { decodeJwt } from 'jose';
import * as z from 'zod';
import {
  type ChannelAdapter,
  type ChannelCall,
  ChannelError,
  type ChannelPage,
  type Credentials,
  type SellerLimit,
  type SellerProduct,
} from './adapter.ts';
import { assertQuantities, bounded, malformed, readJson, refusalText } from './answers.ts';
import { textsOf } from './descriptions.ts';
import { jsonRows } from './json-rows.ts';
import { type Price, type ToldPrice, takePrices } from './prices.ts';
import { type StockSum, StockSums } from './stock-sums.ts';
import { together } from './together.ts';

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
const Text = z.string().nullish();

const Cards = z.object({
  cards: z.array(
    z.object({
      nmID: z.int().positive(),
      vendorCode: Text,
      title: Text,
      brand: Text,
      subjectName: Text,
      photos: z.array(z.object({ big: Text }).nullish()).nullish(),
      sizes: z.array(z.object({ skus: z.array(Text).nullish() }).nullish()).nullish(),
    }),
  ),
  cursor: z.object({
    updatedAt: Text,
    nmID: z.int().nullish(),
    total: z.int().nonnegative(),
  }),
});
type Card = z.infer<typeof Cards>['cards'][number];

const Prices = z.object({
  error: z.literal(false).nullish(),
  data: z.object({
    listGoods: z.array(
      z.object({
        nmID: z.int().positive(),
        sizes: z.array(z.object({ discountedPrice: z.unknown() })).nullish(),
        currencyIsoCode4217: z.unknown(),
      }),
    ),
  }),
});
type Good = z.infer<typeof Prices>['data']['listGoods'][number];

const StockRow = z.object({
  nmId: z.int().positive(),
  quantity,
  inWayToClient: quantity,
  inWayFromClient: quantity,
});

/** The stock report but for its rows. */
const stockReport = {
  outer: 'data',
  list: 'items',
  frame: z.object({
    error: z.literal(false).nullish(),
    data: z.object({ items: z.tuple([]) }),
  }),
};

/** A row has about 200 bytes. */
const rowBytes = 1024;
const frameBytes = 64 * 1024;

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
export function createWildberries({ stockRows = 250_000 } = {}): ChannelAdapter {
  return {
    marketplace,
    credentials: WildberriesCredentials,
    open: [],
    defaultUrl: 'https://{host}.wildberries.ru',
    account: sellerOf,
    check,
    page: async (credentials, cursor, call) => {
      const [stocks, { cards, prices, next }] = await together(call, (both) => [
        both.once('wildberries-stocks', () => readStocks(credentials, stockRows, both)),
        readCardsWithPrices(credentials, cursor, both),
      ]);
      const products = cards.map((card) => toProduct(card, prices, stocks));
      return { products, next, total: undefined, phase: 'products' } satisfies ChannelPage;
    },
  };
}

export const wildberries: ChannelAdapter = createWildberries();

/** A key is a JWT whose `sid` is the seller's id. */
function sellerOf({ api_key: key = '' }: Credentials): string | undefined {
  try {
    const { sid } = decodeJwt(key);
    return typeof sid === 'string' && sid !== '' ? sid : undefined;
  } catch {
    return undefined;
  }
}

async function check(credentials: Credentials, call: ChannelCall): Promise<void> {
  const names = Object.keys(categories) as Category[];
  const outcomes = await Promise.allSettled(names.map((name) => ping(name, credentials, call)));
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [{ category: names[index], reason: outcome.reason }] : [],
  );
  if (failures.length === 0) return;
  const hasSucceeded = failures.length < names.length;
  const refused = failures.filter(
    ({ reason }) =>
      reason instanceof ChannelError && ['wrong_key', 'wrong_scope'].includes(reason.code),
  );
  // A refusal counts, whatever else did not answer.
  if (refused.length === 0) throw failures[0]?.reason;
  const isWrongKey = !hasSucceeded && refused.every(({ reason }) => reason.code === 'wrong_key');
  if (isWrongKey) throw new ChannelError('wrong_key', 'Wildberries does not accept this key.');
  const unpaid = refused.find(({ reason }) => reason instanceof UnpaidService);
  if (unpaid) throw unpaid.reason;
  const lacking = refused.map(({ category }) => category && categories[category].name).join(', ');
  throw new ChannelError('wrong_scope', `The Wildberries key does not open: ${lacking}.`);
}

function ping(category: Category, credentials: Credentials, call: ChannelCall): Promise<void> {
  return call.send(
    {
      ...requestOf(category, '/ping', credentials, call),
      method: 'GET',
      limit: pingLimit(category),
    },
    async (response) => {
      await assertOk(response, category);
      await response.body?.cancel();
    },
  );
}

interface CardsPage {
  cards: Card[];
  prices: Map<string, Price>;
  next: string | undefined;
}

async function readCardsWithPrices(
  credentials: Credentials,
  cursor: string | undefined,
  call: ChannelCall,
): Promise<CardsPage> {
  const { cards, next } = await readCards(credentials, cursor, call);
  return { cards, next, prices: await readPrices(credentials, cards, call) };
}

async function readCards(
  credentials: Credentials,
  cursor: string | undefined,
  call: ChannelCall,
): Promise<{ cards: Card[]; next: string | undefined }> {
  const start = cursor === undefined ? undefined : parseCursor(cursor);
  return call.send(
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
      const page = await readJson(response, Cards, 'The list of cards of Wildberries');
      return { cards: page.cards, next: nextOf(page, start) };
    },
  );
}

/** Where the cards after a page start; undefined at the end. */
function nextOf(
  { cards, cursor: { updatedAt, nmID, total } }: z.infer<typeof Cards>,
  start: Cursor | undefined,
): string | undefined {
  if (cards.length !== total)
    throw malformed('Wildberries announced another number of cards than it gave.');
  if (total < cardsPerPage) return undefined;
  if (!updatedAt || !nmID) throw malformed('Wildberries did not tell where its next cards start.');
  if (start?.updatedAt === updatedAt && start.nmID === nmID)
    throw malformed('Wildberries gives the same cards over and over.');
  return JSON.stringify({ updatedAt, nmID } satisfies Cursor);
}

const CursorShape = z.strictObject({ updatedAt: z.string(), nmID: z.int() });

function parseCursor(cursor: string): Cursor {
  return CursorShape.parse(JSON.parse(cursor));
}

async function readPrices(
  credentials: Credentials,
  cards: readonly Card[],
  call: ChannelCall,
): Promise<Map<string, Price>> {
  if (cards.length === 0) return new Map();
  const asked = new Set(cards.map(({ nmID }) => nmID));
  return call.send(
    {
      ...requestOf('prices', '/api/v2/list/goods/filter', credentials, call),
      method: 'POST',
      limit: limits.prices,
      body: { nmList: [...asked] },
    },
    async (response) => {
      await assertOk(response, 'prices');
      const { data } = await readJson(response, Prices, 'The list of prices of Wildberries');
      if (data.listGoods.some(({ nmID }) => !asked.has(nmID)))
        throw malformed('Wildberries gave prices that nobody asked for.');
      return takePrices(marketplace, data.listGoods.map(toPrice));
    },
  );
}

/** The lowest price of all sizes. */
function toPrice({ nmID, sizes, currencyIsoCode4217: currency }: Good): ToldPrice {
  const told = (sizes ?? []).map((size) => size.discountedPrice ?? undefined);
  const amounts = told.filter((amount) => amount !== undefined);
  const wrong = amounts.find((amount) => typeof amount !== 'number');
  const amount =
    wrong ?? amounts.map(Number).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return {
    external_id: String(nmID),
    amount: amounts.length === 0 ? undefined : amount,
    currency,
  };
}

async function readStocks(
  credentials: Credentials,
  stockRows: number,
  call: ChannelCall,
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
  call: ChannelCall,
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
      if (response.status !== 204) await assertOk(response, 'analytics');
      const sums = new StockSums();
      if (response.status === 204) return { rows: 0, sums };
      if (!response.body) throw malformed('The stock report is empty.');
      let rows = 0;
      const maxBytes = frameBytes + page.limit * rowBytes;
      const body = bounded(response.body, maxBytes, 'The stock report');
      for await (const value of jsonRows(body, stockReport)) {
        const row = StockRow.safeParse(value);
        if (!row.success) throw malformed('A row of the stock report has an unexpected shape.');
        rows += 1;
        if (rows > page.limit) throw malformed('The stock report has more rows than asked for.');
        const { nmId, quantity: stock, inWayToClient, inWayFromClient } = row.data;
        const found = { stock, toClient: inWayToClient, fromClient: inWayFromClient };
        assertPossible(nmId, found);
        sums.add(nmId, found);
      }
      return { rows, sums };
    },
  );
}

function assertPossible(nmID: number, { stock, toClient, fromClient }: StockSum): void {
  const product = { marketplace, external_id: String(nmID) };
  assertQuantities(product, [stock, toClient, fromClient]);
}

function toProduct(
  card: Card,
  prices: ReadonlyMap<string, Price>,
  stocks: StockSums,
): SellerProduct {
  const id = String(card.nmID);
  const price = prices.get(id);
  const { stock, toClient, fromClient } = stocks.of(card.nmID);
  assertPossible(card.nmID, { stock, toClient, fromClient });
  return {
    external_id: id,
    ...textsOf({
      sku: card.vendorCode,
      name: card.title,
      brand: card.brand,
      category: card.subjectName,
      images: (card.photos ?? []).map((photo) => photo?.big),
      barcodes: (card.sizes ?? []).flatMap((size) => size?.skus ?? []),
    }),
    ...(price && { price }),
    stock,
    in_transit_to: toClient,
    in_transit_from: fromClient,
  };
}

function requestOf(category: Category, path: string, credentials: Credentials, call: ChannelCall) {
  const { host } = categories[category];
  return {
    marketplace,
    credentials,
    url: call.baseUrl(marketplace).replace('{host}', host) + path,
    headers: { authorization: credentials.api_key ?? '' },
  };
}

class UnpaidService extends ChannelError {
  constructor(category: string) {
    super(
      'wrong_scope',
      `Wildberries asks to be paid before it opens ${category}: the key is of a service of its solutions catalogue.`,
    );
  }
}

/** Throws what a refusal means. A 401 names the scope where the key is good and the category is not. */
async function assertOk(response: Response, category: Category): Promise<void> {
  if (response.status === 200) return;
  const { name } = categories[category];
  const text = await refusalText(response);
  if (response.status === 401 && !/scope|category/i.test(text))
    throw new ChannelError('wrong_key', 'Wildberries does not accept this key.');
  if (response.status === 402) throw new UnpaidService(name);
  if ([401, 403].includes(response.status))
    throw new ChannelError('wrong_scope', `The Wildberries key does not open: ${name}.`);
  throw malformed(`Wildberries answered ${response.status} to a request for ${name}.`);
}

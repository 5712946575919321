import * as z from 'zod/mini';
import {
  type ChannelAdapter,
  type ChannelCall,
  ChannelError,
  type ChannelLimit,
  type ChannelPage,
  type ChannelProduct,
  type Credentials,
} from './adapter.ts';
import { allOrAbort } from './all-or-abort.ts';
import { assertQuantities, bounded, malformed, readJson, refusalText } from './answers.ts';
import { describe } from './descriptions.ts';
import { jsonRows } from './json-rows.ts';
import { type Price, type ReportedPrice, readPrices } from './prices.ts';

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
  ownStocks: { category: 'analytics-own-stocks', intervalMs: 20_000, burst: 1 },
} as const satisfies Record<string, ChannelLimit>;

const pingLimit = (category: Category): ChannelLimit => ({
  category: `ping-${category}`,
  intervalMs: 10_000,
  burst: 3,
});

const cardsPerPage = 100;
/** Maximum cards per call for prices. */
const cardsPerStep = 1000;
const quantity = z.int().check(z.nonnegative());
const Text = z.nullish(z.string());

const Cards = z.object({
  cards: z.array(
    z.object({
      nmID: z.int().check(z.positive()),
      vendorCode: Text,
      title: Text,
      brand: Text,
      subjectName: Text,
      photos: z.nullish(z.array(z.nullish(z.object({ big: Text })))),
      sizes: z.nullish(z.array(z.nullish(z.object({ skus: z.nullish(z.array(Text)) })))),
    }),
  ),
  cursor: z.object({
    updatedAt: Text,
    nmID: z.nullish(z.int()),
    total: z.int().check(z.nonnegative()),
  }),
});
type Card = z.infer<typeof Cards>['cards'][number];

const Prices = z.object({
  error: z.nullish(z.literal(false)),
  data: z.object({
    listGoods: z.array(
      z.object({
        nmID: z.int().check(z.positive()),
        sizes: z.nullish(z.array(z.object({ discountedPrice: z.unknown() }))),
        currencyIsoCode4217: z.unknown(),
      }),
    ),
  }),
});
type Good = z.infer<typeof Prices>['data']['listGoods'][number];

const StockRow = z.object({
  nmId: z.int().check(z.positive()),
  quantity,
  inWayToClient: quantity,
  inWayFromClient: quantity,
});
/** In the seller's own warehouses nothing is on its way. */
const OwnStockRow = z.extend(StockRow, {
  inWayToClient: z._default(quantity, 0),
  inWayFromClient: z._default(quantity, 0),
});

interface Stock {
  stock: number;
  toClient: number;
  fromClient: number;
}
/** Stocks by product, summed over sizes and warehouses. */
type Stocks = Map<number, Stock>;

const reports = {
  wildberries: { path: 'wb-warehouses', limit: limits.stocks, row: StockRow },
  own: { path: 'seller-warehouses', limit: limits.ownStocks, row: OwnStockRow },
} as const;
type Report = (typeof reports)[keyof typeof reports];

/** A stock report but for its rows. */
const stockReport = {
  outer: 'data',
  list: 'items',
  frame: z.object({
    error: z.nullish(z.literal(false)),
    data: z.object({ items: z.tuple([]) }),
  }),
};

/** A row has about 200 bytes. */
const rowBytes = 1024;
const frameBytes = 64 * 1024;

interface Cursor {
  updatedAt: string;
  nmID: number;
}

/**
 * Wildberries: product cards by pages of 100, ten of them at a time joined with their prices and with
 * the stock reports, which are read once per call. `stockRows` is how many rows of a report are asked
 * for at a time.
 */
export function createWildberries({ stockRows = 250_000 } = {}): ChannelAdapter {
  return {
    check,
    page: async (credentials, cursor, call) => {
      const [stocks, ownStocks, { cards, prices, next }] = await allOrAbort(call, (all) => [
        all.once('wildberries-stocks', () =>
          readStocks(reports.wildberries, credentials, stockRows, all),
        ),
        all.once('wildberries-own-stocks', () => readOwnStocks(credentials, stockRows, all)),
        readCardsWithPrices(credentials, cursor, all),
      ]);
      const products = cards.map((card) =>
        toProduct(card, prices, stockOf(card, stocks, ownStocks)),
      );
      return { products, next, total: undefined, phase: 'products' } satisfies ChannelPage;
    },
  };
}

export const wildberries: ChannelAdapter = createWildberries();

/**
 * A ping shows whether the key opens a category, but not whether its kind opens the stock report: the
 * report itself is read, with one row.
 */
async function check(credentials: Credentials, call: ChannelCall): Promise<void> {
  const names = Object.keys(categories) as Category[];
  const outcomes = await Promise.allSettled(
    names.map((name) =>
      name === 'analytics'
        ? readReport(reports.wildberries, credentials, { limit: 1, offset: 0 }, call)
        : ping(name, credentials, call),
    ),
  );
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [{ category: names[index], reason: outcome.reason }] : [],
  );
  if (failures.length === 0) return;
  const hasSucceeded = failures.length < names.length;
  const refused = failures.filter(
    ({ reason }) =>
      reason instanceof ChannelError && ['wrong_key', 'wrong_scope'].includes(reason.code),
  );
  // A refusal counts, even when other calls got no answer.
  if (refused.length === 0) throw failures[0]?.reason;
  const isWrongKey = !hasSucceeded && refused.every(({ reason }) => reason.code === 'wrong_key');
  if (isWrongKey) throw new ChannelError('wrong_key', 'Wildberries does not accept this key.');
  const particular = refused.find(
    ({ reason }) => reason instanceof UnpaidService || reason instanceof WrongKind,
  );
  if (particular) throw particular.reason;
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
  // A card that changes during the read comes again, with its new content.
  const cards = new Map<number, Card>();
  let next = cursor;
  for (let read = 0; read < cardsPerStep; read += cardsPerPage) {
    const page = await readCards(credentials, next, call);
    for (const card of page.cards) cards.set(card.nmID, card);
    next = page.next;
    if (next === undefined) break;
  }
  const found = [...cards.values()];
  return { cards: found, next, prices: await askPrices(credentials, found, call) };
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
          // Oldest change first: a card that changes during the read moves to the end and comes again.
          sort: { ascending: true },
          filter: {
            withPhoto: -1,
            textSearch: '',
            // Cards of categories that the seller may no longer sell in are products too.
            allowedCategoriesOnly: false,
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
  if (!updatedAt || !nmID) throw malformed('Wildberries did not say where its next cards start.');
  if (start?.updatedAt === updatedAt && start.nmID === nmID)
    throw malformed('Wildberries gives the same cards over and over.');
  return JSON.stringify({ updatedAt, nmID } satisfies Cursor);
}

const CursorShape = z.strictObject({ updatedAt: z.string(), nmID: z.int() });

function parseCursor(cursor: string): Cursor {
  return CursorShape.parse(JSON.parse(cursor));
}

async function askPrices(
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
        throw malformed('Wildberries gave prices that were not asked for.');
      return readPrices(marketplace, data.listGoods.map(toPrice));
    },
  );
}

/** The lowest price of all sizes. */
function toPrice({ nmID, sizes, currencyIsoCode4217: currency }: Good): ReportedPrice {
  const reported = (sizes ?? []).map((size) => size.discountedPrice ?? undefined);
  const amounts = reported.filter((amount) => amount !== undefined);
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
  report: Report,
  credentials: Credentials,
  stockRows: number,
  call: ChannelCall,
): Promise<Stocks> {
  const all: Stocks = new Map();
  for (let offset = 0; ; offset += stockRows) {
    const page = { limit: stockRows, offset };
    const { rows, stocks } = await readReport(report, credentials, page, call);
    for (const [nmID, stock] of stocks) addStock(all, nmID, stock);
    if (rows < stockRows) return all;
  }
}

/** What is in the seller's own warehouses; undefined where the kind of the key does not open it. */
async function readOwnStocks(
  credentials: Credentials,
  stockRows: number,
  call: ChannelCall,
): Promise<Stocks | undefined> {
  try {
    return await readStocks(reports.own, credentials, stockRows, call);
  } catch (error) {
    if (error instanceof ChannelError && error.code === 'wrong_scope') return undefined;
    throw error;
  }
}

/** Each try has its own sums, so that one that fails half-way adds nothing. */
async function readReport(
  report: Report,
  credentials: Credentials,
  page: { limit: number; offset: number },
  call: ChannelCall,
): Promise<{ rows: number; stocks: Stocks }> {
  const path = `/api/analytics/v1/stocks-report/${report.path}`;
  return call.send(
    {
      ...requestOf('analytics', path, credentials, call),
      method: 'POST',
      limit: report.limit,
      body: { nmIds: [], chrtIds: [], ...page },
      // One row is a trial, which must not take longer than the caller has.
      ...(page.limit > 1 && { timeoutMs: 60_000 }),
    },
    async (response) => {
      if (response.status !== 204) await assertOk(response, 'analytics');
      const stocks: Stocks = new Map();
      if (response.status === 204) return { rows: 0, stocks };
      if (!response.body) throw malformed('The stock report is empty.');
      let rows = 0;
      const maxBytes = frameBytes + page.limit * rowBytes;
      const body = bounded(response.body, maxBytes, 'The stock report');
      for await (const value of jsonRows(body, stockReport)) {
        const row = report.row.safeParse(value);
        if (!row.success) throw malformed('A row of the stock report has an unexpected shape.');
        rows += 1;
        if (rows > page.limit) throw malformed('The stock report has more rows than asked for.');
        const { nmId, quantity: stock, inWayToClient, inWayFromClient } = row.data;
        const found = { stock, toClient: inWayToClient, fromClient: inWayFromClient };
        assertPossible(nmId, found);
        addStock(stocks, nmId, found);
      }
      return { rows, stocks };
    },
  );
}

function addStock(stocks: Stocks, nmID: number, { stock, toClient, fromClient }: Stock): void {
  const sum = stocks.get(nmID);
  if (!sum) {
    stocks.set(nmID, { stock, toClient, fromClient });
    return;
  }
  sum.stock += stock;
  sum.toClient += toClient;
  sum.fromClient += fromClient;
}

function assertPossible(nmID: number, { stock, toClient, fromClient }: Stock): void {
  const product = { marketplace, external_id: String(nmID) };
  assertQuantities(product, [stock, toClient, fromClient]);
}

/**
 * What there is of a product at Wildberries and at the seller. A product without a row at Wildberries
 * is sold out only where the seller's own warehouses can be read too: else its stock is unknown.
 */
function stockOf({ nmID }: Card, atWildberries: Stocks, own: Stocks | undefined) {
  const none: Stock = { stock: 0, toClient: 0, fromClient: 0 };
  const held = atWildberries.get(nmID);
  const { stock, toClient, fromClient } = held ?? none;
  const total = { stock: stock + (own?.get(nmID) ?? none).stock, toClient, fromClient };
  assertPossible(nmID, total);
  return { ...total, stock: held || own ? total.stock : null };
}

function toProduct(
  card: Card,
  prices: ReadonlyMap<string, Price>,
  { stock, toClient, fromClient }: ReturnType<typeof stockOf>,
): ChannelProduct {
  const id = String(card.nmID);
  const price = prices.get(id);
  return {
    external_id: id,
    ...describe({
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

/** The key is good, its category too, and its kind does not open the method. */
class WrongKind extends ChannelError {
  constructor(kind: string, category: string) {
    super(
      'wrong_scope',
      `Wildberries does not open its reports of ${category} to a ${kind} token. Make a token of the kind service, personal or base with secret.`,
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
  const [, kind] = /\b([a-z]{2,20}(?: [a-z]{2,20}){0,3}) token is not allowed/i.exec(text) ?? [];
  if (response.status === 403 && kind) throw new WrongKind(kind.toLowerCase(), name);
  if ([401, 403].includes(response.status))
    throw new ChannelError('wrong_scope', `The Wildberries key does not open: ${name}.`);
  throw malformed(`Wildberries answered ${response.status} to a request for ${name}.`);
}

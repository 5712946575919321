import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { type HttpResponse, headerOf, jsonResponse } from '../runtime/http.ts';
import {
  Buckets,
  type ChannelAccount,
  type FakeAnswer,
  type FakeChannel,
  type FakeOptions,
  type FakeRequest,
  type KeyKind,
  type Marketplace,
  productAt,
  startFake,
  withHeaders,
} from './fake.ts';
import { decimal, type GeneratedProduct } from './fake-products.ts';

interface Method {
  readonly category: string;
  readonly limit: { readonly intervalMs: number; readonly burst: number };
  /** What the calls are counted under. */
  readonly bucket: string;
  /** Kinds of keys that open it; all of them by default. */
  readonly kinds?: readonly KeyKind[];
  readonly answer: (request: FakeRequest) => FakeAnswer;
}

/** A key as Wildberries makes them: a JWT that names the seller and ends after 180 days. */
function newKey(): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 180 * 86_400;
  const claims = { id: randomUUID(), sid: randomUUID(), exp };
  return `${encode({ alg: 'ES256', typ: 'JWT' })}.${encode(claims)}.${randomBytes(64).toString('base64url')}`;
}

const firstId = 100_000_000;
const firstChangeMs = Date.parse('2025-01-01T00:00:00Z');
const idOf = ({ index }: GeneratedProduct) => firstId + index;
const changedAt = (index: number) => new Date(firstChangeMs + index * 1000).toISOString();

const CardsRequest = z.object({
  settings: z.object({
    sort: z.optional(z.object({ ascending: z.boolean() })),
    filter: z.optional(z.object({ allowedCategoriesOnly: z._default(z.boolean(), false) })),
    cursor: z.object({
      limit: z.int().check(z.minimum(1), z.maximum(100)),
      updatedAt: z.optional(z.string()),
      nmID: z.optional(z.int()),
    }),
  }),
});
const PricesRequest = z.strictObject({
  nmList: z.array(z.int()).check(z.minLength(1), z.maxLength(1000)),
});
const StocksRequest = z.strictObject({
  nmIds: z._default(z.array(z.int()), []),
  chrtIds: z._default(z.array(z.int()), []),
  limit: z._default(z.int().check(z.minimum(1), z.maximum(250_000)), 250_000),
  offset: z._default(z.int().check(z.minimum(0)), 0),
});

const ping = (host: string, category: string): [string, Method] => [
  `GET /${host}/ping`,
  {
    category,
    limit: { intervalMs: 10_000, burst: 3 },
    bucket: `ping ${host}`,
    answer: () => jsonResponse(200, { TS: new Date().toISOString(), Status: 'OK' }),
  },
];

const methods = new Map<string, Method>([
  ping('content-api', 'content'),
  ping('discounts-prices-api', 'prices'),
  ping('seller-analytics-api', 'analytics'),
  [
    'POST /content-api/content/v2/get/cards/list',
    {
      category: 'content',
      limit: { intervalMs: 600, burst: 5 },
      bucket: 'content',
      answer: listCards,
    },
  ],
  [
    'POST /discounts-prices-api/api/v2/list/goods/filter',
    {
      category: 'prices',
      limit: { intervalMs: 600, burst: 5 },
      bucket: 'prices',
      answer: listPrices,
    },
  ],
  [
    'POST /seller-analytics-api/api/analytics/v1/stocks-report/wb-warehouses',
    {
      category: 'analytics',
      limit: { intervalMs: 20_000, burst: 1 },
      bucket: 'stocks',
      kinds: ['personal', 'service', 'base with secret'],
      answer: (asked) => reportStocks(asked, wildberriesRows),
    },
  ],
  [
    'POST /seller-analytics-api/api/analytics/v1/stocks-report/seller-warehouses',
    {
      category: 'analytics',
      limit: { intervalMs: 20_000, burst: 1 },
      bucket: 'own stocks',
      kinds: ['personal', 'service'],
      answer: (asked) => reportStocks(asked, ownRows),
    },
  ],
]);

/** Prices are another matter for a key of the kind base: four times an hour. */
const basePricesLimit = { intervalMs: 15 * 60_000, burst: 1 };
const kindOf = ({ kind = 'service' }: ChannelAccount): KeyKind => kind;

/** Starts the fake seller API of Wildberries: one host, a path for each of its hosts. */
export function startWildberries(options: FakeOptions = {}): Promise<FakeChannel> {
  const buckets = new Buckets();
  const methodOf = ({ request }: Pick<FakeRequest, 'request'>) =>
    methods.get(`${request.method} ${request.path}`);
  const marketplace: Marketplace = {
    name: 'wildberries',
    basePath: '/{host}',
    newCredentials: () => ({
      api_key: newKey(),
    }),
    authenticate: (request, find) => {
      const key = headerOf(request.headers, 'authorization')?.replace(/^Bearer /, '');
      const account = find(({ credentials }) => credentials.api_key === key);
      if (!account) return problem(401, 'unauthorized', 'token is not valid');
      const category = methodOf({ request })?.category ?? '';
      if (account.lacks.includes(category))
        return problem(401, 'unauthorized', 'token scope not allowed');
      return account;
    },
    limit: (asked) => {
      const method = methodOf(asked);
      if (!method) return undefined;
      const bucket = `${asked.account.id} ${method.bucket}`;
      const isBase = kindOf(asked.account) === 'base';
      const limit = isBase && method.bucket === 'prices' ? basePricesLimit : method.limit;
      const waitMs = buckets.take(bucket, limit, asked.nowMs);
      return waitMs > 0 ? tooMany(waitMs, limit.burst) : undefined;
    },
    error: (status) => (status === 429 ? tooMany(2000, 1) : problem(status, 'fault', 'as told')),
    answer: (asked) => {
      const method = methodOf(asked);
      if (!method) return problem(404, 'not found', 'no such method');
      const kind = kindOf(asked.account);
      if (method.kinds && !method.kinds.includes(kind))
        return problem(403, 'forbidden', `${kind} token is not allowed`);
      return method.answer(asked);
    },
    incomplete: () =>
      jsonResponse(200, {
        cards: [],
        cursor: { total: 100 },
        data: { items: [null], listGoods: null },
      }),
  };
  return startFake(marketplace, options);
}

function listCards({ account, body }: FakeRequest): HttpResponse {
  const asked = CardsRequest.safeParse(body);
  if (!asked.success) return problem(400, 'bad request', 'settings are not valid');
  const { sort, filter, cursor } = asked.data.settings;
  const isAscending = sort?.ascending ?? false;
  const step = isAscending ? 1 : -1;
  let index = isAscending ? 0 : account.products - 1;
  if (cursor.nmID !== undefined) {
    const at = cursor.nmID - firstId;
    if (changedAt(at) !== cursor.updatedAt)
      return problem(400, 'bad request', 'cursor is not valid');
    index = at + step;
  }
  const found: GeneratedProduct[] = [];
  for (; found.length < cursor.limit; index += step) {
    const product = productAt(account, index);
    if (!product) break;
    if (filter?.allowedCategoriesOnly && product.isBarred) continue;
    found.push(product);
  }
  const last = found.at(-1);
  return jsonResponse(200, {
    cards: found.map(toCard),
    cursor: {
      ...(last && { updatedAt: changedAt(last.index), nmID: idOf(last) }),
      total: found.length,
    },
  });
}

function toCard(product: GeneratedProduct) {
  const id = idOf(product);
  const image = `https://basket-01.wbbasket.ru/vol${Math.floor(id / 100_000)}/${id}/images`;
  return {
    nmID: id,
    imtID: id + 1,
    nmUUID: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
    subjectID: 192,
    subjectName: product.category,
    vendorCode: product.sku,
    brand: product.brand,
    title: product.name,
    description: '',
    needKiz: false,
    photos: [{ big: `${image}/big/1.webp`, tm: `${image}/tm/1.webp` }],
    video: '',
    dimensions: { length: 10, width: 10, height: 10, weightBrutto: 0.5, isValid: true },
    characteristics: [],
    sizes: product.sizes.map(({ barcode }, size) => ({
      chrtID: id * 10 + size,
      techSize: String(size),
      skus: [barcode],
    })),
    tags: [],
    createdAt: changedAt(product.index),
    updatedAt: changedAt(product.index),
  };
}

function listPrices({ account, body }: FakeRequest): HttpResponse {
  const asked = PricesRequest.safeParse(body);
  if (!asked.success) return problem(400, 'bad request', 'nmList is not valid');
  const found = asked.data.nmList.flatMap((id) => productAt(account, id - firstId) ?? []);
  return jsonResponse(200, {
    data: {
      listGoods: found.map((product) => {
        const price = Number(decimal(product.price));
        const discounted = Number(
          decimal(Math.round((product.price * (100 - product.discountPercent)) / 100)),
        );
        return {
          nmID: idOf(product),
          vendorCode: product.sku,
          sizes: product.sizes.map((_, size) => ({
            sizeID: idOf(product) * 10 + size,
            price,
            discountedPrice: discounted,
            clubDiscountedPrice: discounted,
            techSizeName: String(size),
          })),
          currencyIsoCode4217: 'RUB',
          discount: product.discountPercent,
          clubDiscount: 0,
          editableSizePrice: false,
          isBadTurnover: false,
        };
      }),
    },
    error: false,
    errorText: '',
  });
}

type Rows = (product: GeneratedProduct) => object[];

function reportStocks({ account, body }: FakeRequest, rowsOf: Rows): FakeAnswer {
  const asked = StocksRequest.safeParse(body);
  if (!asked.success) return problem(400, 'bad request', 'limit or offset is not valid');
  const { limit, offset } = asked.data;
  const first = stockRows(account, rowsOf, offset, 1).next();
  if (first.done) return { status: 204, headers: [], body: Buffer.alloc(0) };
  return { stream: reportText(stockRows(account, rowsOf, offset, limit)) };
}

function* reportText(rows: Iterable<object>): Generator<string> {
  yield '{"data":{"items":[';
  let separator = '';
  for (const row of rows) {
    yield separator + JSON.stringify(row);
    separator = ',';
  }
  yield ']}}';
}

function* stockRows(account: ChannelAccount, rowsOf: Rows, offset: number, limit: number) {
  let place = 0;
  for (let index = 0; index < account.products; index += 1) {
    const product = productAt(account, index);
    if (!product) return;
    for (const row of rowsOf(product)) {
      if (place >= offset + limit) return;
      place += 1;
      if (place > offset) yield row;
    }
  }
}

/** One row for each size that is at a warehouse; since August 2026 all warehouses are one. */
function wildberriesRows(product: GeneratedProduct): object[] {
  if (product.isOwn) return [];
  const isMoving = product.toClient + product.fromClient > 0;
  return product.sizes.flatMap(({ quantity }, size) =>
    quantity === 0 && !isMoving
      ? []
      : {
          nmId: idOf(product),
          chrtId: idOf(product) * 10 + size,
          warehouseId: -999_999,
          warehouseName: 'Склад WB',
          regionName: 'Склад WB',
          quantity,
          inWayToClient: size === 0 ? product.toClient : 0,
          inWayFromClient: size === 0 ? product.fromClient : 0,
        },
  );
}

/** One row for each size in the seller's only warehouse. */
function ownRows(product: GeneratedProduct): object[] {
  if (!product.isOwn) return [];
  return product.sizes.flatMap(({ quantity }, size) =>
    quantity === 0
      ? []
      : {
          nmId: idOf(product),
          chrtId: idOf(product) * 10 + size,
          warehouseId: 4242,
          warehouseName: 'Мой склад',
          regionName: 'Москва',
          quantity,
        },
  );
}

function problem(status: number, title: string, detail: string): HttpResponse {
  return jsonResponse(status, {
    title,
    detail,
    code: `local ${status}`,
    requestId: randomUUID(),
    origin: 's2s-api-auth-local',
    status,
    statusText: title,
    timestamp: new Date().toISOString(),
  });
}

function tooMany(waitMs: number, burst: number): HttpResponse {
  const seconds = String(Math.ceil(waitMs / 1000));
  return withHeaders(problem(429, 'too many requests', 'limited by global limiter'), [
    ['X-Ratelimit-Retry', seconds],
    ['X-Ratelimit-Reset', seconds],
    ['X-Ratelimit-Limit', String(burst)],
    ['X-Ratelimit-Remaining', '0'],
  ]);
}

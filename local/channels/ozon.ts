import { randomInt, randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { type HttpResponse, headerOf, jsonResponse } from '../runtime/http.ts';
import {
  type ChannelAccount,
  type FakeChannel,
  type FakeOptions,
  type FakeRequest,
  type Marketplace,
  productAt,
  startFake,
} from './fake.ts';
import { decimal, type GeneratedProduct } from './fake-products.ts';

const firstId = 500_000_000;
const idOf = ({ index }: GeneratedProduct) => firstId + index;
const requestsPerSecond = 50;

const Filter = z.object({
  offer_id: z._default(z.array(z.string()), []),
  product_id: z._default(z.array(z.union([z.string(), z.int()])), []),
  visibility: z._default(z.enum(['ALL']), 'ALL'),
});
const limit = z.int().check(z.minimum(1), z.maximum(1000));
const ListRequest = z.object({ filter: Filter, last_id: z._default(z.string(), ''), limit });
const StocksRequest = z.object({ filter: Filter, cursor: z._default(z.string(), ''), limit });
const InfoRequest = z.strictObject({
  product_id: z.array(z.string()).check(z.minLength(1), z.maxLength(1000)),
});

const methods: Readonly<Record<string, (request: FakeRequest) => HttpResponse>> = {
  '/v3/product/list': listProducts,
  '/v3/product/info/list': listInfo,
  '/v4/product/info/stocks': listStocks,
};

/** Starts the fake Ozon Seller API. */
export function startOzon(options: FakeOptions = {}): Promise<FakeChannel> {
  const seconds = new Map<string, { second: number; count: number }>();
  const marketplace: Marketplace = {
    name: 'ozon',
    basePath: '',
    newCredentials: () => ({
      client_id: String(randomInt(100_000, 10_000_000)),
      api_key: randomUUID(),
    }),
    authenticate: (request, find) => {
      const clientId = headerOf(request.headers, 'client-id');
      const key = headerOf(request.headers, 'api-key');
      if (!clientId || !key) return error(401, 16, 'Client-Id and Api-Key headers are required');
      const account = find(({ credentials }) => credentials.client_id === clientId);
      if (account?.credentials.api_key !== key || !account)
        return error(403, 7, 'Invalid Api-Key, please contact support');
      if (account.lacks.includes(request.path))
        return error(403, 7, 'Api-Key is missing a required role for the method');
      return account;
    },
    limit: ({ account, nowMs }) => {
      const second = Math.floor(nowMs / 1000);
      const seen = seconds.get(account.id);
      const count = seen?.second === second ? seen.count + 1 : 1;
      seconds.set(account.id, { second, count });
      return count > requestsPerSecond ? tooMany() : undefined;
    },
    error: (status) => (status === 429 ? tooMany() : error(status, 13, 'as told')),
    answer: (asked) => {
      const { method, path } = asked.request;
      const answer = method === 'POST' ? methods[path] : undefined;
      return answer?.(asked) ?? error(404, 5, 'no such method');
    },
    incomplete: ({ request, account }) =>
      jsonResponse(200, {
        result: { items: [], total: account.products, last_id: '' },
        cursor: '',
        total: request.path.endsWith('/stocks') ? 0 : account.products,
        items: [],
      }),
  };
  return startFake(marketplace, options);
}

const encode = (index: number) => Buffer.from(String(firstId + index)).toString('base64');
/** Number of the product after the one that a cursor names; undefined for what is no cursor. */
function decode(cursor: string): number | undefined {
  if (cursor === '') return 0;
  const id = Number(Buffer.from(cursor, 'base64').toString());
  return Number.isSafeInteger(id) && id >= firstId ? id - firstId + 1 : undefined;
}

/** The products that a filter names, or all of the account from one on. */
function select(
  account: ChannelAccount,
  ids: readonly (string | number)[],
  start: number,
  size: number,
) {
  const indexes =
    ids.length > 0
      ? ids.map((id) => Number(id) - firstId).slice(start, start + size)
      : Array.from(
          { length: Math.min(size, Math.max(0, account.products - start)) },
          (_, i) => start + i,
        );
  return indexes.flatMap((index) => productAt(account, index) ?? []);
}

function listProducts({ account, body }: FakeRequest): HttpResponse {
  const asked = ListRequest.safeParse(body);
  const start = asked.success ? decode(asked.data.last_id) : undefined;
  if (!asked.success || start === undefined) return error(400, 3, 'invalid request');
  const found = select(account, asked.data.filter.product_id, start, asked.data.limit);
  const last = found.at(-1);
  return jsonResponse(200, {
    result: {
      items: found.map((product) => ({
        product_id: idOf(product),
        offer_id: product.sku,
        has_fbo_stocks: true,
        has_fbs_stocks: true,
        archived: false,
        is_discounted: product.discountPercent > 0,
        quants: [],
        sku: idOf(product) + 1,
      })),
      total: account.products,
      last_id: last ? encode(last.index) : '',
    },
  });
}

function listInfo({ account, body }: FakeRequest): HttpResponse {
  const asked = InfoRequest.safeParse(body);
  if (!asked.success) return error(400, 3, 'invalid request');
  const found = select(account, asked.data.product_id, 0, 1000);
  return jsonResponse(200, {
    items: found.map((product) => {
      const image = `https://cdn1.ozone.ru/s3/multimedia/${idOf(product)}.jpg`;
      return {
        id: idOf(product),
        offer_id: product.sku,
        name: product.name,
        sku: idOf(product) + 1,
        barcodes: product.sizes.map(({ barcode }) => barcode),
        description_category_id: 17_028_922,
        type_id: 94_765,
        currency_code: 'RUB',
        price: decimal(Math.round((product.price * (100 - product.discountPercent)) / 100)),
        old_price: decimal(product.price),
        min_price: '',
        vat: '0.2',
        primary_image: [image],
        images: [image],
        is_archived: false,
        is_autoarchived: false,
      };
    }),
  });
}

function listStocks({ account, body }: FakeRequest): HttpResponse {
  const asked = StocksRequest.safeParse(body);
  if (!asked.success) return error(400, 3, 'invalid request');
  const { filter, cursor, limit: size } = asked.data;
  const isFiltered = filter.product_id.length > 0;
  const start = isFiltered ? Number(cursor || 0) : decode(cursor);
  if (start === undefined || Number.isNaN(start)) return error(400, 3, 'invalid request');
  const found = select(account, filter.product_id, start, size);
  const last = found.at(-1);
  const next = isFiltered ? String(start + found.length) : last ? encode(last.index) : '';
  return jsonResponse(200, {
    cursor: next,
    total: isFiltered
      ? select(account, filter.product_id, 0, filter.product_id.length).length
      : account.products,
    items: found.map((product) => ({
      product_id: idOf(product),
      offer_id: product.sku,
      stocks: product.sizes.map(({ quantity }, place) => ({
        type: place === 0 ? 'fbo' : 'fbs',
        present: quantity,
        reserved: place === 0 ? Math.min(product.reserved, quantity) : 0,
        sku: idOf(product) + 1,
        shipment_type: 'SHIPMENT_TYPE_GENERAL',
        warehouse_ids: [1],
      })),
    })),
  });
}

const error = (status: number, code: number, message: string): HttpResponse =>
  jsonResponse(status, { code, message, details: [] });

const tooMany = () => error(429, 8, 'You have reached request rate limit per second');

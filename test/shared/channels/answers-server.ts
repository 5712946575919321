import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { ChannelAdapter, ChannelCall, Credentials } from '../../../shared/channels/adapter.ts';
import { memoryBucket, VirtualClock } from './fakes.ts';

/** What the APIs answer: JSON, a text as it is, or whatever a function makes of the request's body. */
export type Answer =
  | object
  | string
  | ((asked: never, response: ServerResponse, request: IncomingMessage) => unknown);

const paths = {
  cards: '/content-api/content/v2/get/cards/list',
  prices: '/discounts-prices-api/api/v2/list/goods/filter',
  report: '/seller-analytics-api/api/analytics/v1/stocks-report/wb-warehouses',
  own: '/seller-analytics-api/api/analytics/v1/stocks-report/seller-warehouses',
  list: '/v3/product/list',
  info: '/v3/product/info/list',
  stocks: '/v4/product/info/stocks',
  ping: '/ping',
} as const;
export type Method = keyof typeof paths;

export const card = (nmID: number, more: object = {}) => ({
  nmID,
  vendorCode: `SKU-${nmID}`,
  title: `Card ${nmID}`,
  brand: 'Brand',
  subjectName: 'Category',
  photos: [{ big: `https://example.com/${nmID}.webp` }],
  sizes: [{ skus: [`4600${nmID}`] }],
  ...more,
});
export const cards = (...list: object[]) => ({
  cards: list,
  cursor: { updatedAt: '2026-11-20T00:00:00Z', nmID: list.length, total: list.length },
});
export const good = (nmID: number, discountedPrice: unknown = 350, more: object = {}) => ({
  nmID,
  sizes: [{ discountedPrice }],
  currencyIsoCode4217: 'RUB',
  ...more,
});
export const goods = (...listGoods: object[]) => ({ data: { listGoods }, error: false });
export const row = (nmId: number, quantity: unknown = 7) => ({
  nmId,
  quantity,
  inWayToClient: 1,
  inWayFromClient: 0,
});
export const report = (...items: object[]) => ({ data: { items } });

export const listed = (product_id: number, more: object = {}) => ({
  product_id,
  offer_id: `SKU-${product_id}`,
  has_fbo_stocks: true,
  has_fbs_stocks: false,
  ...more,
});
export const list = (...items: object[]) => ({
  result: { items, total: items.length, last_id: '' },
});
export const info = (id: number, more: object = {}) => ({
  id,
  offer_id: `SKU-${id}`,
  name: `Product ${id}`,
  barcodes: [`4600${id}`],
  currency_code: 'RUB',
  price: '120.00',
  primary_image: [`https://example.com/${id}.jpg`],
  images: [],
  ...more,
});
export const infos = (...items: object[]) => ({ items });
export const stock = (product_id: number, present: unknown = 5, reserved: unknown = 1) => ({
  product_id,
  stocks: [{ type: 'fbo', present, reserved }],
});
export const stocks = (...items: object[]) => ({ cursor: '', total: items.length, items });

const defaults: Record<Method, Answer> = {
  cards: cards(card(1)),
  prices: goods(good(1)),
  report: report(row(1)),
  own: report(),
  list: list(listed(1)),
  info: infos(info(1)),
  stocks: stocks(stock(1)),
  ping: {},
};

/** One server for the APIs of both, each with one product unless a test says otherwise. */
export function useAnswers() {
  const clock = new VirtualClock();
  const asked: Method[] = [];
  let answers = { ...defaults };
  let makeCall: typeof import('../../../shared/channels/call.ts').channelCall;
  const server = createServer(async (request, response) => {
    const path = request.url?.split('?')[0];
    const method = (Object.keys(paths) as Method[]).find((name) => path?.endsWith(paths[name]));
    const body = await text(request);
    if (!method) return response.writeHead(404).end();
    asked.push(method);
    const answer = answers[method];
    const made =
      typeof answer === 'function'
        ? await answer(JSON.parse(body || '{}') as never, response, request)
        : answer;
    if (made === undefined || response.writableEnded) return response;
    response.writeHead(200, { 'content-type': 'application/json' });
    return response.end(typeof made === 'string' ? made : JSON.stringify(made));
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    Object.assign(process.env, { OZON_URL: url, WILDBERRIES_URL: `${url}/{host}` });
    ({ channelCall: makeCall } = await import('../../../shared/channels/call.ts'));
  });
  beforeEach(() => {
    asked.length = 0;
    answers = { ...defaults };
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const credentials: Credentials = { client_id: '1', api_key: 'the-key-of-a-seller' };
  const newCall = (): ChannelCall =>
    makeCall({
      deadlineMs: clock.now() + 3_600_000,
      bucket: memoryBucket(),
      now: clock.now,
      wait: clock.wait,
    });
  return {
    credentials,
    /** The methods that were asked, in their order. */
    asked,
    newCall,
    give: (given: Partial<Record<Method, Answer>>) => {
      Object.assign(answers, given);
    },
    /** The first page of a seller, by a call of its own. */
    page: (adapter: ChannelAdapter) => adapter.page(credentials, undefined, newCall()),
  };
}

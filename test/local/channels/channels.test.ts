import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import type { FakeChannel } from '../../../local/channels/fake.ts';
import { startOzon } from '../../../local/channels/ozon.ts';
import { startWildberries } from '../../../local/channels/wildberries.ts';
import { useMiniCloud } from '../mini-cloud.ts';

let nowMs = Date.parse('2026-11-20T00:00:00Z');
let wildberries: FakeChannel;
let ozon: FakeChannel;

beforeAll(async () => {
  wildberries = await startWildberries({ now: () => nowMs });
  ozon = await startOzon({ now: () => nowMs });
});
afterAll(async () => {
  await wildberries.stop();
  await ozon.stop();
});

async function post(url: string, headers: Record<string, string>, body?: object) {
  const response = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
}

describe('the local Wildberries', () => {
  const newKey = (request: object = {}) => ({
    authorization: String(wildberries.createAccount(request).credentials.api_key),
  });
  const cards = (headers: Record<string, string>, cursor: object = {}) =>
    post(`${wildberries.url}/content-api/content/v2/get/cards/list?locale=ru`, headers, {
      settings: { sort: { ascending: false }, cursor: { limit: 100, ...cursor } },
    });
  const stocks = (headers: Record<string, string>, body: object = {}) =>
    post(
      `${wildberries.url}/seller-analytics-api/api/analytics/v1/stocks-report/wb-warehouses`,
      headers,
      body,
    );

  it('limits a seller and category to one call each 600 ms and 5 at once, and says when to come again', async () => {
    const [one, other] = [newKey(), newKey()];
    for (let call = 0; call < 5; call += 1) expect((await cards(one)).status).toBe(200);

    const early = await cards(one);

    expect(early.status).toBe(429);
    expect(early.headers.get('x-ratelimit-retry')).toBe('1');
    expect(early.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(early.body).toMatchObject({ status: 429, title: 'too many requests' });
    expect((await cards(other)).status).toBe(200);
    nowMs += 600;
    expect((await cards(one)).status).toBe(200);
    expect((await cards(one)).status).toBe(429);
  });

  it('reports stocks every 20 seconds, as rows of sizes at the one warehouse there is', async () => {
    const key = newKey({ products: 50 });
    const report = await stocks(key);

    expect(report.body.data.items.length).toBeGreaterThan(40);
    expect(report.body.data.items[0]).toMatchObject({
      nmId: expect.any(Number),
      chrtId: expect.any(Number),
      warehouseId: -999_999,
      warehouseName: 'Склад WB',
      quantity: expect.any(Number),
      inWayToClient: expect.any(Number),
      inWayFromClient: expect.any(Number),
    });
    nowMs += 19_000;
    expect((await stocks(key)).status).toBe(429);
    nowMs += 1000;
    const page = await stocks(key, { limit: 10, offset: 5 });
    expect(page.body.data.items).toEqual(report.body.data.items.slice(5, 15));
    nowMs += 20_000;
    expect((await stocks(key, { offset: 1_000_000 })).status).toBe(204);
  });

  it('pages by the cursor of its answer, from the newest or the oldest change', async () => {
    const key = newKey({ products: 150 });
    const first = await cards(key);
    const { updatedAt, nmID, total } = first.body.cursor;
    expect(total).toBe(100);

    const second = await cards(key, { updatedAt, nmID });

    expect(second.body.cursor.total).toBe(50);
    const ids = [...first.body.cards, ...second.body.cards].map((card) => card.nmID);
    expect(new Set(ids).size).toBe(150);
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
    expect((await cards(key, { updatedAt: 'x', nmID })).status).toBe(400);
  });

  it('refuses wrong keys, wrong categories, other methods and bad requests', async () => {
    expect((await cards({ authorization: 'nobody' })).status).toBe(401);
    expect((await cards(newKey({ lacks: ['content'] }))).body.detail).toContain('scope');
    const key = newKey();
    expect((await post(`${wildberries.url}/api/v1/supplier/stocks`, key)).status).toBe(404);
    expect((await cards(key, { limit: 101 })).status).toBe(400);
    expect((await stocks(key, { limit: 250_001 })).status).toBe(400);
  });
});

describe('the local Ozon', () => {
  const newKey = (request: object = {}) => {
    const { client_id = '', api_key = '' } = ozon.createAccount(request).credentials;
    return { 'client-id': client_id, 'api-key': api_key };
  };
  const list = (headers: Record<string, string>, body: object = {}) =>
    post(`${ozon.url}/v3/product/list`, headers, {
      filter: { visibility: 'ALL' },
      last_id: '',
      limit: 1000,
      ...body,
    });

  it('allows 50 requests in a second', async () => {
    const key = newKey({ products: 1 });
    nowMs += 1000;
    for (let call = 0; call < 50; call += 1) expect((await list(key)).status).toBe(200);

    const early = await list(key);

    expect(early).toMatchObject({
      status: 429,
      body: { code: 8, message: 'You have reached request rate limit per second' },
    });
    nowMs += 1000;
    expect((await list(key)).status).toBe(200);
  });

  it('pages by last_id and spells prices as text', async () => {
    const key = newKey({ products: 3 });
    const first = await list(key, { limit: 2 });
    expect(first.body.result).toMatchObject({ total: 3, last_id: expect.any(String) });

    const second = await list(key, { limit: 2, last_id: first.body.result.last_id });
    const end = await list(key, { limit: 2, last_id: second.body.result.last_id });

    expect(second.body.result.items).toHaveLength(1);
    expect(end.body.result).toEqual({ items: [], total: 3, last_id: '' });
    const { body } = await post(`${ozon.url}/v3/product/info/list`, key, {
      product_id: [String(first.body.result.items[0].product_id)],
    });
    expect(body.items[0].price).toMatch(/^\d+\.\d\d$/);
  });

  it('refuses missing headers, wrong keys, wrong roles and bad requests as documented', async () => {
    expect((await list({})).body).toMatchObject({
      code: 16,
      message: 'Client-Id and Api-Key headers are required',
    });
    expect((await list({ ...newKey(), 'api-key': 'x' })).status).toBe(403);
    expect((await list(newKey({ lacks: ['/v3/product/list'] }))).body.message).toContain('role');
    for (const body of [{ limit: 0 }, { limit: 1001 }, { last_id: 'nonsense' }])
      expect((await list(newKey(), body)).status).toBe(400);
    expect((await post(`${ozon.url}/v3/product/info/stocks`, newKey(), {})).status).toBe(404);
  });
});

describe('sellers in the console', () => {
  const mini = useMiniCloud();
  const send = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${mini.cloud.url}/_local/sellers/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };

  it('makes accounts, changes what they have, and lists them', async () => {
    const made = await send('POST', 'ozon/accounts', { products: 5 });
    expect(made).toMatchObject({
      status: 201,
      body: { products: 5, revision: 0, credentials: { client_id: expect.any(String) } },
    });

    const changed = await send('PATCH', `ozon/accounts/${made.body.id}`, { revision: 1 });

    expect(changed.body).toEqual({ ...made.body, revision: 1 });
    expect((await send('GET', 'ozon/accounts')).body).toEqual([changed.body]);
    expect((await send('PATCH', `ozon/accounts/${crypto.randomUUID()}`, {})).status).toBe(404);
    expect((await send('POST', 'amazon/accounts', {})).status).toBe(404);
    expect((await send('POST', 'ozon/accounts', { products: -1 })).status).toBe(400);
  });

  it('makes trouble on request', async () => {
    const { status, body } = await send('PUT', 'wildberries/faults', {
      error: 'unavailable',
      times: 1,
    });
    expect({ status, body }).toEqual({
      status: 200,
      body: { error: 'unavailable', times: 1, every: 1, limits: true },
    });
    const { wildberries: standIn } = channelsOf(mini.cloud);
    const key = String(standIn?.createAccount().credentials.api_key);
    const ping = () => post(`${standIn?.url}/content-api/ping`, { authorization: key });

    expect((await ping()).status).toBe(503);
    expect((await ping()).status).toBe(200);
    expect((await send('GET', 'wildberries/faults')).body.error).toBeNull();
  });

  it('makes absurd and endless answers on request', async () => {
    const { ozon: standIn } = channelsOf(mini.cloud);
    const { client_id = '', api_key = '' } = standIn?.createAccount().credentials ?? {};
    const headers = { 'client-id': client_id, 'api-key': api_key };
    const list = () =>
      fetch(`${standIn?.url}/v3/product/list`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ filter: {}, limit: 1 }),
      });
    await send('PUT', 'ozon/faults', { error: 'long_wait', times: 1 });
    const refusal = await list();
    expect({ status: refusal.status, after: refusal.headers.get('retry-after') }).toEqual({
      status: 429,
      after: '99999999',
    });

    await send('PUT', 'ozon/faults', { error: 'incomplete', times: 1 });
    expect(await (await list()).json()).toMatchObject({ result: { items: [], total: 100_000 } });

    await send('PUT', 'ozon/faults', { error: 'endless', times: 1 });
    const endless = await list();
    let bytes = 0;
    for await (const chunk of endless.body ?? []) {
      bytes += chunk.length;
      if (bytes > 10_000_000) break;
    }
    expect(bytes).toBeGreaterThan(10_000_000);
    expect((await list()).status).toBe(200);
  });
});

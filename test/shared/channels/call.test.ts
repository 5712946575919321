import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { metricsOf } from '../../../harness/emf.ts';
import { outputOf } from '../../../harness/output.ts';
import type { ChannelCall } from '../../../shared/channels/adapter.ts';
import { definitions } from '../../../shared/channels/definitions.ts';
import { ozon } from '../../../shared/channels/ozon.ts';
import type { TokenBucket } from '../../../shared/channels/token-bucket.ts';
import { wildberries } from '../../../shared/channels/wildberries.ts';
import { memoryBucket, VirtualClock } from './fakes.ts';

const credentials = { client_id: '1', api_key: 'the-key-of-a-seller' };
const keyOf = (seller: string, id: number) => {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode({ alg: 'ES256' })}.${encode({ sid: seller, id })}.c2lnbmF0dXJl`;
};
const clock = new VirtualClock();
let server: Server;
let answer: RequestListener = () => {};
let seen: string[] = [];
let newCall: (options?: object) => ChannelCall;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, { OZON_URL: url, WILDBERRIES_URL: `${url}/{host}` });
  const { channelCall } = await import('../../../shared/channels/call.ts');
  newCall = (options = {}) =>
    channelCall({
      deadlineMs: clock.now() + 600_000,
      bucket: memoryBucket(),
      now: clock.now,
      wait: clock.wait,
      ...options,
    });
});
afterEach(() => {
  seen = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const expectedWords: Record<string, string[]> = {
  'a page': ['answered'],
  401: ['refused'],
  429: ['rate_limited', 'rate_limited'],
  503: ['unavailable', 'unavailable'],
  nonsense: ['malformed', 'malformed'],
  nothing: ['no_answer', 'no_answer'],
};

describe('a call to a seller API', () => {
  it('does not carry the key to where an answer points', async () => {
    answer = (_, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    };

    await expect(ozon.check(credentials, newCall())).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(new Set(seen)).toEqual(new Set(['POST /v3/product/list']));
  });

  it('tries again with pauses in between, and not for ever', async () => {
    answer = (_, response) => {
      response.writeHead(500).end();
    };
    const startedAt = clock.now();

    await expect(ozon.check(credentials, newCall())).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(seen).toHaveLength(4);
    expect(clock.now()).toBeGreaterThan(startedAt);
  });

  it.each<[string, RequestListener]>([
    ['a page', (_, response) => response.end('{"result":{"items":[],"total":0,"last_id":""}}')],
    ['401', (_, response) => response.writeHead(401).end('{}')],
    ['429', (_, response) => response.writeHead(429).end()],
    ['503', (_, response) => response.writeHead(503).end()],
    ['nonsense', (_, response) => response.end('{')],
    ['nothing', (_, response) => response.destroy()],
  ])(
    'that is answered with %s is counted by how it ended, each try of its own',
    async (what, listener) => {
      answer = listener;

      const output = await outputOf(() =>
        ozon.page(credentials, undefined, newCall({ attempts: 2 })).catch(() => undefined),
      );

      const metrics = metricsOf(output);
      const words = metrics.flatMap(({ name, dimensions: { marketplace, outcome } }) =>
        name === 'SellerCalls' ? [`${marketplace} ${outcome}`] : [],
      );
      expect(words).toEqual(expectedWords[what]?.map((word) => `ozon ${word}`));
      const latencies = metrics.filter(({ name }) => name === 'SellerLatency');
      expect(latencies.map(({ dimensions }) => dimensions.marketplace)).toEqual(
        words.map(() => 'ozon'),
      );
    },
  );

  it('does not try again what the key is refused for', async () => {
    answer = (_, response) => {
      response.writeHead(401).end('{}');
    };

    await expect(ozon.check(credentials, newCall())).rejects.toMatchObject({ code: 'wrong_key' });
    expect(seen).toHaveLength(1);
  });

  it.each([
    [{ 'x-ratelimit-retry': '7' }, 7000],
    [{ 'retry-after': '3' }, 3000],
    [{ 'x-ratelimit-reset': '4' }, 4000],
    [{ 'x-ratelimit-retry': '2', 'x-ratelimit-reset': '4' }, 2000],
    [{ 'retry-after': '3', 'x-ratelimit-reset': '4' }, 3000],
    [{}, 1000],
    [{ 'retry-after': 'soon' }, 1000],
    [{ 'x-ratelimit-retry': 'Infinity' }, 1000],
    [{ 'x-ratelimit-retry': '1e30' }, 1000],
    [{ 'x-ratelimit-retry': '-5', 'retry-after': '6' }, 6000],
  ])('waits after a 429 with %j for %i ms', async (headers, ms) => {
    answer = (_, response) => {
      if (seen.length > 1) response.writeHead(401).end();
      else response.writeHead(429, headers).end();
    };
    const startedAt = clock.now();

    await expect(ozon.check(credentials, newCall())).rejects.toMatchObject({ code: 'wrong_key' });
    expect(clock.now() - startedAt).toBe(ms);
  });

  it('waits until the date that a 429 names', async () => {
    const wholeSecond = Math.ceil(clock.now() / 1000) * 1000;
    await clock.wait(wholeSecond - clock.now());
    answer = (_, response) => {
      const headers = { 'retry-after': new Date(wholeSecond + 10_000).toUTCString() };
      if (seen.length > 1) response.writeHead(401).end();
      else response.writeHead(429, headers).end();
    };

    await expect(ozon.check(credentials, newCall())).rejects.toMatchObject({ code: 'wrong_key' });
    expect(clock.now() - wholeSecond).toBe(10_000);
  });

  it.each([
    { 'x-ratelimit-retry': '99999999' },
    { 'x-ratelimit-retry': '9'.repeat(400) },
    { 'x-ratelimit-reset': '1795132800' },
    { 'retry-after': '99999999999999999999' },
    { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' },
  ])('lets a 429 with %j stop an account for 15 minutes at most', async (headers) => {
    answer = (_, response) => {
      response.writeHead(429, headers).end();
    };
    const pauses: number[] = [];
    const bucket: TokenBucket = {
      take: async () => ({ isTaken: true, waitMs: 0 }),
      pause: async (_, ms) => {
        pauses.push(ms);
      },
    };

    await expect(ozon.check(credentials, newCall({ bucket }))).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 900_000,
    });
    expect(pauses).toEqual([900_000]);
  });

  it('ends when its run is told to', async () => {
    const stop = new AbortController();
    answer = () => stop.abort();

    await expect(ozon.check(credentials, newCall({ signal: stop.signal }))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(seen).toHaveLength(1);
  });

  it('says malformed of every answer that is not one of the API, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
        answer = (_, response) => {
          response.writeHead(200, { 'content-type': 'application/json' }).end(body);
        };
        for (const adapter of [ozon, wildberries])
          await expect(
            adapter.page(credentials, undefined, newCall({ attempts: 1 })),
          ).rejects.toMatchObject({ name: 'ChannelError', code: 'malformed' });
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [
      'ozon',
      ozon,
      { client_id: '7', api_key: 'one-key-of-a-seller' },
      { client_id: '7', api_key: 'another-of-the-same' },
    ],
    ['wildberries', wildberries, { api_key: keyOf('a', 1) }, { api_key: keyOf('a', 2) }],
  ])(
    'of %s shares the turns of all keys of a seller account, once they are accepted',
    async (_, adapter, one, other) => {
      answer = (_request, response) => {
        response.writeHead(200).end('{}');
      };
      const places = async (isVerified: boolean) => {
        const accounts: string[] = [];
        const bucket: TokenBucket = {
          take: async ({ account }) => {
            accounts.push(account);
            return { isTaken: true, waitMs: 0 };
          },
          pause: async () => {},
        };
        for (const credentials of [one, other]) {
          const call = newCall({ bucket, isVerified, attempts: 1 });
          await adapter.page(credentials, undefined, call).catch(() => undefined);
        }
        return new Set(accounts).size;
      };

      expect(await places(true)).toBe(1);
      expect(await places(false)).toBe(2);
    },
  );

  it('takes a key that tells no account for an account of its own', () => {
    expect(definitions.wildberries.account({ api_key: 'not-a-token-at-all' })).toBeUndefined();
    expect(definitions.wildberries.account({ api_key: 'e30.e30.e30' })).toBeUndefined();
  });

  it('never has the key in what it says', async () => {
    for (const status of [200, 302, 400, 401, 403, 404, 418, 429, 500]) {
      answer = (_, response) => {
        response.writeHead(status).end('the-key-of-a-seller is not valid');
      };
      const error = await ozon.check(credentials, newCall()).catch((cause: unknown) => cause);
      expect(String(error), String(status)).toContain('ChannelError');
      expect(String(error)).not.toContain(credentials.api_key);
    }
  });
});

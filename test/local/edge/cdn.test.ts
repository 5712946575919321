import { describe, expect, it } from 'vitest';
import { ErrorCache } from '../../../local/edge/error-cache.ts';
import type { HttpResponse } from '../../../local/runtime/http.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const mini = useMiniCloud({ throttle: true });

let now = Date.parse('2026-11-20T12:00:00Z');
const keeping = useMiniCloud({ now: () => now }, ({ Distribution }) => {
  const config = Distribution?.Properties.DistributionConfig as Record<string, unknown>;
  config.CustomErrorResponses = [{ ErrorCode: 404, ErrorCachingMinTTL: 0 }];
});

describe('CloudFront', () => {
  it('is the only way to the API: the web ACL refuses what does not come through it', async () => {
    const around = await fetch(`${mini.cloud.apiUrl}/echo`);
    expect([around.status, await around.json()]).toEqual([403, { no: true }]);

    const guessed = await fetch(`${mini.cloud.apiUrl}/echo`, { headers: { 'x-origin': 'guess' } });
    expect(guessed.status).toBe(403);
    expect((await fetch(mini.cloud.apiUrl.replace('/main', '/other/echo'))).status).toBe(403);
  });

  it('replaces what a viewer sends in the headers that are its own', async () => {
    const response = await mini.cloud.fetch('/echo', {
      viewer: '203.0.113.7',
      headers: { 'x-origin': 'guess', 'x-viewer': '198.51.100.1', 'x-mine': 'kept' },
    });

    const { headers } = (await response.json()) as { headers: Record<string, string> };
    expect(headers).toMatchObject({
      'x-viewer': '203.0.113.7',
      'x-mine': 'kept',
      'X-Forwarded-For': '203.0.113.7, 192.0.2.1',
    });
    expect(headers['x-origin']).not.toBe('guess');
  });

  it('throttles as the stage says, where that is asked for', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 6 }, async () => (await mini.get('/echo')).status),
    );

    expect(statuses).toContain(429);
  });

  it('folds the trailing slash where its function does', async () => {
    const response = await mini.cloud.fetch('/nothing/?a=1');

    expect(response.status).toBe(404);
  });

  it('serves the files of the site, compressed, with its headers', async () => {
    const page = await mini.get('/app');
    expect([page.status, await page.text()]).toEqual([200, '<!doctype html><title>Site</title>']);
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('cache-control')).toBe('public, max-age=300');
    const again = await mini.get('/app', { 'if-none-match': page.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);

    const missing = await mini.get('/app.js');
    expect([missing.status, missing.headers.get('content-type')]).toEqual([403, 'application/xml']);
    expect((await mini.get('/app/..%2f..%2f..%2fetc%2fpasswd')).status).toBe(403);
  });

  it('refuses methods that a behavior does not have, and TRACE', async () => {
    expect((await mini.post('/app', 'x')).status).toBe(403);
    // fetch refuses to send it.
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const { request } = await import('node:http');
    request(`${mini.cloud.url}/echo`, { method: 'TRACE' }, (response) =>
      resolve(response.statusCode ?? 0),
    )
      .on('error', reject)
      .end();
    expect(await promise).toBe(405);
  });

  it('refuses addresses and headers that are too long', async () => {
    expect((await mini.get(`/echo?${'x'.repeat(8200)}`)).status).toBe(414);
    expect(
      (
        await mini.get('/echo', {
          a: 'x'.repeat(16_000),
          b: 'x'.repeat(16_000),
          c: 'x'.repeat(1000),
        })
      ).status,
    ).toBe(413);
  });
});

describe('an error of the origin', () => {
  const idOf = async (path: string, method = 'GET') =>
    (await keeping.cloud.fetch(path, { method })).headers.get('x-amzn-requestid');

  it('is shown to everyone for ten seconds where the distribution says nothing', async () => {
    const first = await idOf('/throws');

    now += 9_999;
    expect(await idOf('/throws?other=1')).toBe(first);
    expect(await idOf('/throws', 'POST')).not.toBe(first);
    now += 1;
    expect(await idOf('/throws')).not.toBe(first);
  });

  it('is never shown twice where it says 0', async () => {
    expect(await idOf('/nothing')).not.toBe(await idOf('/nothing'));
  });

  const error = (status: number, cacheControl?: string): HttpResponse => ({
    status,
    headers: cacheControl === undefined ? [] : [['Cache-Control', cacheControl]],
    body: Buffer.from(''),
  });

  it.each([
    [error(404), undefined, 10],
    [error(404, 'no-store'), undefined, 0],
    [error(503, 'no-store'), undefined, 10],
    [error(503, 'no-store'), 0, 0],
    [error(503), 60, 60],
    [error(503, 'max-age=30'), 0, 30],
    [error(403), undefined, 0],
    [error(403), 5, 5],
    [error(403, 'max-age=20'), undefined, 20],
    [error(401, 'max-age=20'), undefined, 0],
    [error(200, 'max-age=20'), undefined, 0],
  ])(
    '%j is kept, where the distribution says %s, for %s seconds',
    async (response, ttl, seconds) => {
      let asked = 0;
      let at = 0;
      const settings =
        ttl === undefined ? [] : [{ ErrorCode: response.status, ErrorCachingMinTTL: ttl }];
      const cache = new ErrorCache(settings, 'here', () => at);
      const visit = () =>
        cache.through(
          { method: 'GET', path: '/', query: '', headers: [], body: Buffer.from(''), address: '' },
          async () => {
            asked += 1;
            return response;
          },
        );

      await visit();
      at = Math.max(0, seconds * 1000 - 1);
      await visit();
      expect(asked).toBe(seconds > 0 ? 1 : 2);
      at = seconds * 1000;
      await visit();
      expect(asked).toBe(seconds > 0 ? 2 : 3);
    },
  );
});

import { describe, expect, it } from 'vitest';
import { useMiniCloud } from '../mini-cloud.ts';

const mini = useMiniCloud({ throttle: true });

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

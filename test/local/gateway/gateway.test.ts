import { request as httpRequest } from 'node:http';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { useMiniCloud } from '../mini-cloud.ts';

let now = Date.parse('2026-11-20T12:00:00Z');
const mini = useMiniCloud({ now: () => now });

const json = (response: Response) => response.json() as Promise<Record<string, unknown>>;

/** Sends exactly these bytes of a path and these headers; fetch would tidy them. */
function raw(
  method: string,
  path: string,
  headers: string[] = [],
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const host = ['Host', `localhost:${mini.cloud.port}`];
    const sent = httpRequest(
      {
        port: mini.cloud.port,
        method,
        path,
        headers: [...host, ...headers] as unknown as Record<string, string>,
      },
      async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          headers: response.headers,
        });
      },
    );
    sent.on('error', reject).end();
  });
}

describe('routes', () => {
  it.each([
    ['/echo/fixed', '/echo/fixed', null],
    ['/echo/a%20b%2Fc', '/echo/{id}', { id: 'a b/c' }],
    ['/files/a/b.txt', '/files/{proxy+}', { proxy: 'a/b.txt' }],
  ])(
    'finds %s: an exact segment beats a parameter, which beats a greedy one',
    async (path, resource, pathParameters) => {
      const event = await json(await mini.get(path));

      expect(event).toMatchObject({ resource, pathParameters, path });
    },
  );

  it('answers 404 as configured for what the API does not have', async () => {
    for (const path of ['/nothing', '/echo/a/b', '/echo//', '/files']) {
      const response = await mini.get(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.json()).toEqual({ message: 'Missing Authentication Token' });
    }
  });

  it('sends other methods to the ANY method, and without one answers 404', async () => {
    const other = await fetch(`${mini.cloud.url}/echo`, { method: 'DELETE' });
    expect([other.status, other.headers.get('allow'), await other.text()]).toEqual([
      405,
      'GET',
      'DELETE',
    ]);

    const none = await fetch(`${mini.cloud.url}/throws`, { method: 'DELETE' });
    expect(none.status).toBe(404);
  });

  it.each(['/echo/%zz', '/echo?a={b}', '/echo?a|b'])('refuses the malformed %s', async (path) => {
    expect((await raw('GET', path)).status).toBe(400);
  });
});

describe('events', () => {
  it('are those of a Lambda proxy integration 1.0', async () => {
    const { status, body } = await raw('GET', '/echo?a=1&a=2&b=x%20y', [
      'X-Two',
      'one',
      'x-two',
      'two',
      'X-Forwarded-For',
      '203.0.113.9',
    ]);

    expect(status).toBe(200);
    const event = JSON.parse(body);
    expect(event).toMatchObject({
      resource: '/echo',
      path: '/echo',
      httpMethod: 'GET',
      queryStringParameters: { a: '2', b: 'x y' },
      multiValueQueryStringParameters: { a: ['1', '2'], b: ['x y'] },
      pathParameters: null,
      stageVariables: null,
      body: null,
      isBase64Encoded: false,
      requestContext: {
        resourcePath: '/echo',
        httpMethod: 'GET',
        path: '/main/echo',
        stage: 'main',
        accountId: '000000000000',
        protocol: 'HTTP/1.1',
        requestTime: '20/Nov/2026:12:00:00 +0000',
        requestTimeEpoch: Date.parse('2026-11-20T12:00:00Z'),
        identity: { sourceIp: '192.0.2.1', user: null },
      },
    });
    expect(event.headers).toMatchObject({
      'X-Two': 'two',
      'X-Forwarded-For': '203.0.113.9, 127.0.0.1, 192.0.2.1',
      'x-viewer': '127.0.0.1',
    });
    expect(event.multiValueHeaders['X-Two']).toEqual(['one', 'two']);
    expect(event.headers.Host).toMatch(/^[a-z0-9]{10}\.execute-api\.us-east-1\.amazonaws\.com$/);
    expect(event.requestContext).not.toHaveProperty('authorizer');
  });

  it('have text bodies as text and binary ones as base64', async () => {
    const text = await json(await mini.post('/echo', 'ä=1', { 'content-type': 'text/plain' }));
    expect(text).toMatchObject({ body: 'ä=1', isBase64Encoded: false });

    const binary = await json(
      await mini.post('/echo', new Uint8Array([0, 255]), { 'content-type': 'image/png' }),
    );
    expect(binary).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  });

  it('have compressed bodies decompressed', async () => {
    const response = await mini.post('/echo', new Uint8Array(gzipSync('{"a":1}')), {
      'content-encoding': 'gzip',
    });

    const event = await json(response);
    expect(event.body).toBe('{"a":1}');
    expect(Object.keys(event.headers as object).map((name) => name.toLowerCase())).not.toContain(
      'content-encoding',
    );
  });

  it.each([
    ['gzip', Buffer.from('no gzip')],
    ['br', gzipSync('x')],
  ])('are not made of a body that is not %s', async (coding, body) => {
    expect(
      (await mini.post('/echo', new Uint8Array(body), { 'content-encoding': coding })).status,
    ).toBe(415);
  });
});

describe('limits', () => {
  it('refuses bodies above 10 MB, sent or decompressed, and those that Lambda does not take', async () => {
    expect((await mini.post('/echo', 'x'.repeat(10 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await mini.post('/echo', 'x'.repeat(7 * 1024 * 1024))).status).toBe(413);

    const bomb = new Uint8Array(deflateSync(Buffer.alloc(11 * 1024 * 1024)));
    expect((await mini.post('/echo', bomb, { 'content-encoding': 'deflate' })).status).toBe(413);
  });

  it('refuses headers above 10,240 bytes', async () => {
    expect((await mini.get('/echo', { 'x-long': 'x'.repeat(9000) })).status).toBe(200);
    expect((await mini.get('/echo', { 'x-long': 'x'.repeat(10_300) })).status).toBe(431);
    const long = { 'x-long': 'x'.repeat(5_000) };
    expect((await mini.get(`/echo?a=${'x'.repeat(4_000)}`, long)).status).toBe(200);
    expect((await mini.get(`/echo?a=${'x'.repeat(5_000)}`, long)).status).toBe(431);
  });
});

describe('answers of functions', () => {
  const answer = (value: unknown, headers: Record<string, string> = {}) =>
    mini.post('/raw', JSON.stringify(value), headers);

  it('become the response', async () => {
    const response = await answer({
      statusCode: 201,
      headers: { 'X-One': 1, 'Set-Cookie': 'lost' },
      multiValueHeaders: { 'set-cookie': ['a=1', 'b=2'] },
      body: 'done',
    });

    expect([response.status, await response.text()]).toEqual([201, 'done']);
    expect(response.headers.get('x-one')).toBe('1');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('cannot set WWW-Authenticate: API Gateway gives it another name', async () => {
    const response = await answer({ statusCode: 401, headers: { 'WWW-Authenticate': 'Basic' } });

    expect(response.headers.get('www-authenticate')).toBeNull();
    expect(response.headers.get('x-amzn-remapped-www-authenticate')).toBe('Basic');
  });

  it('are decoded for callers that accept a binary type', async () => {
    const image = {
      statusCode: 200,
      headers: { 'Content-Type': 'image/png' },
      body: 'AP8=',
      isBase64Encoded: true,
    };

    const decoded = await answer(image, { accept: 'image/png' });
    expect(new Uint8Array(await decoded.arrayBuffer())).toEqual(new Uint8Array([0, 255]));
    expect(await (await answer(image, { accept: 'text/html' })).text()).toBe('AP8=');
  });

  it.each([
    null,
    'text',
    [],
    {},
    { statusCode: '200' },
    { statusCode: 99 },
    { statusCode: 200, body: { a: 1 } },
    { statusCode: 200, headers: [], multiValueHeaders: { a: 'b' } },
    { statusCode: 200, headers: { a: null } },
    { statusCode: 200, isBase64Encoded: 'no' },
    { statusCode: 200, cookies: [] },
    { statusCode: 200, headers: { 'X-Bad': 'a\nb' } },
  ])('that are malformed (%j) become 502', async (value) => {
    expect((await answer(value)).status).toBe(502);
  });

  it.each(['/throws', '/exits', '/broken', '/huge', '/overruns'])(
    'that never come from %s become 502',
    async (path) => {
      const response = await mini.get(path);

      expect([response.status, await response.text()]).toEqual([502, '{"message":"sorry"}']);
    },
  );

  it('that come too late become 504', async () => {
    expect((await mini.get('/hangs')).status).toBe(504);
  });
});

describe('the authorizer', () => {
  const me = (token: string | undefined, path = '/me') =>
    mini.get(path, token === undefined ? {} : { authorization: token });

  it.each([undefined, '', 'Bearer', 'Bearer a1', 'Bearer a b', 'Basic abc', ' Bearer  a'])(
    'is not asked about the token %j: 401',
    async (token) => {
      mini.cloud.clearLogs();

      const response = await me(token);

      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(response.headers.get('x-asked-as')).toBe('node');
      const id = response.headers.get('x-request-id');
      expect(id).toBe(response.headers.get('x-amzn-requestid'));
      expect(await response.json()).toEqual({ id, message: 'Unauthorized' });
    },
  );

  it.each([
    ['unauthorized', 401],
    ['deny', 403],
    ['fails', 500],
    ['malformed', 500],
    ['object', 500],
  ])('that answers %s makes it %i', async (word, status) => {
    expect((await me(`Bearer ${word}`)).status).toBe(status);
  });

  it('gives its context to the function, as text, and to the reply that denies', async () => {
    const event = await json(await me('bearer abc'));
    expect((event.requestContext as { authorizer: unknown }).authorizer).toMatchObject({
      principalId: 'me',
      word: 'abc',
      owner: 'true',
      calls: expect.any(String),
      integrationLatency: expect.any(Number),
    });

    expect(await json(await me('Bearer deny'))).toEqual({ word: 'deny' });
  });

  it('is asked once a minute for a token, and its policy serves every method', async () => {
    const calls = async (token: string, path = '/me') => {
      const event = await json(await me(token, path));
      return Number((event.requestContext as { authorizer: { calls: string } }).authorizer.calls);
    };

    const first = await calls('Bearer cached');
    expect(await calls('Bearer cached')).toBe(first);
    expect(await calls('Bearer cached', '/you')).toBe(first);
    now += 60_001;
    expect(await calls('Bearer cached')).toBeGreaterThan(first);
  });

  it('that allows one method only is remembered so: the next method is 403', async () => {
    expect((await me('Bearer narrow')).status).toBe(200);
    expect((await me('Bearer narrow', '/you')).status).toBe(403);
  });
});

describe('compression', () => {
  it('is for replies of the size and callers that take it', async () => {
    const long = JSON.stringify({ statusCode: 200, body: 'y'.repeat(2000) });
    const send = (accept: string, body = long) =>
      new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
        const sent = httpRequest(
          `${mini.cloud.url}/raw`,
          { method: 'POST', headers: { 'accept-encoding': accept } },
          async (response) => {
            const chunks: Buffer[] = [];
            for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
            resolve({
              encoding: response.headers['content-encoding'],
              body: Buffer.concat(chunks),
            });
          },
        );
        sent.on('error', reject).end(body);
      });

    const zipped = await send('br, gzip');
    expect([zipped.encoding, gunzipSync(zipped.body).toString()]).toEqual([
      'gzip',
      'y'.repeat(2000),
    ]);
    expect((await send('gzip;q=0.1, deflate')).encoding).toBe('deflate');
    expect((await send('gzip;q=0')).encoding).toBeUndefined();
    expect(
      (await send('gzip', JSON.stringify({ statusCode: 200, body: 'short' }))).encoding,
    ).toBeUndefined();
    const own = JSON.stringify({
      statusCode: 200,
      headers: { 'Content-Encoding': 'identity' },
      body: 'y'.repeat(2000),
    });
    expect((await send('gzip', own)).encoding).toBe('identity');
  });
});

import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FunctionLog } from '../../../local/lambda/lambda.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const errors: string[] = [];
let onLine: (line: string) => void = () => {};
const mini = useMiniCloud({
  onFunctionLog: ({ line }: FunctionLog) => onLine(line),
  onError: (error) => errors.push(String(error)),
});
beforeEach(() => {
  errors.length = 0;
  onLine = () => {};
});

/** Resolves when a function has written the line. */
function written(expected: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  onLine = (line) => line === expected && resolve();
  return promise;
}

/** Sends a request and returns the response as soon as its head is there, unread. */
async function begin(path: string): Promise<IncomingMessage> {
  const sent = httpRequest(mini.cloud.url + path).end();
  const [response] = await once(sent, 'response');
  return response;
}

describe('an integration that streams', () => {
  it('has the head and the payload that the function wrote', async () => {
    for (const response of [
      await mini.get('/stream?way=pieces', { 'accept-encoding': 'gzip' }),
      await mini.cloud.fetch('/stream?way=pieces'),
    ]) {
      expect([response.status, await response.text()]).toEqual([201, 'one,zwölf,three']);
      expect(response.headers.get('content-type')).toBe('text/csv');
      expect(response.headers.get('x-one')).toBe('1');
      expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
      expect(response.headers.get('x-amzn-remapped-www-authenticate')).toBe('Basic');
      expect(response.headers.get('content-length')).toBeNull();
      expect(response.headers.get('content-encoding')).toBeNull();
      expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(errors).toEqual([]);
  });

  it('may have an empty payload', async () => {
    const response = await mini.get('/stream?way=nothing');

    expect([response.status, await response.text()]).toEqual([201, '']);
  });

  it.each([
    ['nothing', ''],
    ['text', 'text'],
    ['metadata without a delimiter', '{"statusCode":200}'],
    ['a delimiter that is too short', `{"statusCode":200}${'\0'.repeat(7)}x`],
    ['metadata that are no JSON', `{"statusCode":200${'\0'.repeat(8)}`],
    ['metadata without a status', '{}\0\0\0\0\0\0\0\0'],
    ['metadata with a body', `{"statusCode":200,"body":""}${'\0'.repeat(8)}`],
    ['cookies that are none', `{"statusCode":200,"cookies":"a=1"}${'\0'.repeat(8)}`],
    [
      'metadata beyond 16 KB',
      `{"statusCode":200,"headers":{"a":"${'x'.repeat(16_384)}"}}${'\0'.repeat(8)}`,
    ],
  ])('answers 502 when the function writes %s', async (_, body) => {
    const response = await mini.post('/stream/written', body);

    expect([response.status, await response.text()]).toEqual([502, '{"message":"sorry"}']);
    expect(errors).toEqual([expect.stringContaining('malformed Lambda proxy response')]);
  });

  it.each([
    ['/stream/throws', 502],
    ['/stream/hangs', 504],
    ['/stream/whole', 502],
    ['/stream/buffered', 502],
  ])('and a function that does not fit it or fails at once: %s is %i', async (path, status) => {
    const response = await mini.get(path);

    expect([response.status, await response.text()]).toEqual([status, '{"message":"sorry"}']);
  });

  it('refuses a request that Lambda does not take', async () => {
    expect((await mini.post('/stream/written', 'x'.repeat(7 * 1024 * 1024))).status).toBe(413);
  });

  it.each(['/stream?way=breaks', '/stream?way=exits', '/stream/overruns'])(
    'that fails in the middle breaks off the transfer: %s',
    async (path) => {
      const overNetwork = await begin(path);
      const read = async () => {
        let text = '';
        for await (const chunk of overNetwork.setEncoding('utf8')) text += chunk;
        return text;
      };
      expect(overNetwork.statusCode).toBe(201);
      await expect(read()).rejects.toThrow('aborted');

      const direct = await mini.cloud.fetch(path);
      await expect(direct.text()).rejects.toThrow();
      expect(errors).toHaveLength(2);
    },
  );

  it('is written no faster than it is read', async () => {
    let pieces = 0;
    onLine = () => {
      pieces += 1;
    };
    const response = await begin('/stream?way=endless');
    const chunks = response[Symbol.asyncIterator]();

    let bytes = 0;
    for (let reads = 0; reads < 30; reads += 1) {
      // What the function could write meanwhile, it would have written while others are served.
      for (let i = 0; i < 10; i += 1) await (await mini.get('/id')).text();
      bytes += (await chunks.next()).value.length;
      // The sockets of both sides hold some megabytes of their own.
      expect(pieces * 64 * 1024 - bytes).toBeLessThan(16 * 1024 * 1024);
    }
    const left = written('left');
    response.destroy();
    await left;
  });

  it('tells the function when its client goes, and lets it serve the next', async () => {
    for (let client = 0; client < 6; client += 1) {
      const left = written('left');
      const response = await begin('/stream?way=endless');
      response.destroy();
      await left;
    }
    const left = written('left');
    const response = await mini.cloud.fetch('/stream?way=endless');
    await response.body?.cancel();
    await left;

    expect(await (await mini.get('/stream?way=pieces')).text()).toBe('one,zwölf,three');
    expect(errors).toEqual([]);
  });
});

describe('a function that streams', () => {
  it('gives a caller who wants it whole all that it wrote', async () => {
    const result = await mini.cloud.invoke('streams', { queryStringParameters: { way: 'pieces' } });

    expect(result).toEqual({
      ok: true,
      payload: expect.stringMatching(/^\{"statusCode":201,.*\}\0{8}one,zwölf,three$/),
    });
  });
});

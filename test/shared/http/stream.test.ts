import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { SlowReader, toResult } from '../../../harness/streams.ts';
import { lambdaContext, toEvent } from '../../../harness/world.ts';
import { defineEndpoint } from '../../../shared/contract/endpoint.ts';
import { handle } from '../../../shared/http/handle.ts';
import type { Reply, StreamedReply } from '../../../shared/http/reply.ts';

const endpoint = {
  id: 'test/stream',
  method: 'GET',
  paths: ['/stream'],
  tag: 'test',
  summary: 'Streams',
  access: { kind: 'public' },
  responses: { 200: { description: 'Pieces' } },
} as const;
const whole = defineEndpoint(endpoint);
const streaming = defineEndpoint({ ...endpoint, streams: true });

const event: APIGatewayProxyEvent = toEvent(endpoint, '/stream', '/stream', {}, {});
const context: Context = lambdaContext(endpoint.id);

/** Pieces as they come, and whether whoever wanted them has said that it is done. */
function piecesOf(...pieces: (string | Error)[]) {
  const state = { taken: 0, isClosed: false };
  async function* generate() {
    try {
      for (const piece of pieces) {
        state.taken += 1;
        if (piece instanceof Error) throw piece;
        yield piece;
      }
    } finally {
      state.isClosed = true;
    }
  }
  return { state, body: generate() };
}

/** Runs a handler that answers with the body, and collects what it sends. */
async function sent(body: AsyncIterable<string>) {
  const reader = new SlowReader();
  const handler = handle(streaming, async () => ({ status: 200, body }));
  const ended = Promise.resolve(handler(event, reader.stream as never, context)).then(
    () => undefined,
    (error: unknown) => error,
  );
  const chunks: Buffer[] = [];
  const next = () => Promise.race([reader.take(), ended.then(() => undefined)]);
  for (let chunk = await next(); chunk; chunk = await next()) chunks.push(chunk);
  return { ...toResult(Buffer.concat(chunks)), failure: await ended, stream: reader.stream };
}

describe('an answer that is streamed', () => {
  it('has the head of every answer, and all pieces', async () => {
    const { state, body } = piecesOf('one,', '', 'zwölf');

    const answer = await sent(body);

    expect(answer).toMatchObject({
      statusCode: 200,
      headers: { 'x-content-type-options': 'nosniff', 'x-request-id': expect.any(String) },
      body: 'one,zwölf',
    });
    expect(answer.failure).toBeUndefined();
    expect(answer.stream.writableFinished).toBe(true);
    expect(state.isClosed).toBe(true);
  });

  it('may have no pieces', async () => {
    expect(await sent(piecesOf().body)).toMatchObject({ statusCode: 200, body: '' });
  });

  it('is problem details when its first piece fails', async () => {
    const answer = await sent(piecesOf(new Error('secret detail'), 'two').body);

    expect(answer.statusCode).toBe(500);
    expect(answer.headers?.['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'internal_error' });
    expect(answer.body).not.toContain('secret detail');
    expect(answer.failure).toBeUndefined();
  });

  it('fails without an end when a later piece fails, and without saying why', async () => {
    const answer = await sent(piecesOf('one', new Error('secret detail')).body);

    expect(answer).toMatchObject({ statusCode: 200, body: 'one' });
    expect(answer.failure).toEqual(new Error('The answer was cut short'));
    expect(answer.stream.writableEnded).toBe(false);
  });

  it('is given up when its reader goes: no further piece is asked for', async () => {
    const { state, body } = piecesOf('x'.repeat(100_000), 'two', 'three');
    const reader = new SlowReader();
    const handler = handle(streaming, async () => ({ status: 200, body }));
    const ended = handler(event, reader.stream as never, context);

    await reader.take();
    await reader.offered;
    reader.stream.destroy();
    await ended;

    expect(state).toEqual({ taken: 1, isClosed: true });
  });

  it('is refused to an endpoint that does not stream', async () => {
    const { state, body } = piecesOf('one');
    const handler = handle(whole, async () => ({ status: 200, body }) as StreamedReply as Reply);

    expect((await handler(event, context)).statusCode).toBe(500);
    expect(state.taken).toBe(0);
  });
});

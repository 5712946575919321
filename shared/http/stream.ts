import type { Writable } from 'node:stream';
import type { MiddlewareObj } from '@middy/core';
import type {
  APIGatewayProxyEvent,
  APIGatewayProxyResult,
  Context,
  StreamifyHandler,
} from 'aws-lambda';
import { logger } from '../runtime/logger.ts';
import { requestContext } from '../runtime/request-context.ts';
import { isStreamed, type Reply, type StreamedReply } from './reply.ts';

/** A handler as Lambda calls it for an answer that goes out piece by piece. */
export type StreamHandler = StreamifyHandler<APIGatewayProxyEvent, void>;
export type Middleware = MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult, Error, Context>;

/** Where the answer of a request goes, and how far it has got. */
export interface Outlet {
  readonly stream: awslambda.HttpResponseStream;
  /** What comes after the head and the body of the response, if anything does. */
  pieces?: AsyncIterable<string>;
  isBegun?: boolean;
  /** The answer broke off after its head was sent and must not look complete. */
  isCutShort?: boolean;
}

/**
 * The Lambda handler of an endpoint that streams. It fails where an answer is cut short: the trailer
 * of the stream reports that to Lambda, which counts a fault and ends the transfer as failed.
 */
export function streamed(
  run: (event: APIGatewayProxyEvent, context: Context, outlet: Outlet) => Promise<unknown>,
): StreamHandler {
  return awslambda.streamifyResponse<APIGatewayProxyEvent>(async (event, stream, context) => {
    const outlet: Outlet = { stream };
    await run(event, context, outlet);
    if (outlet.isCutShort) throw new Error('The answer was cut short');
  });
}

/** Reads the first piece of a streamed reply: what fails before it can still be answered as an error. */
export async function begin(reply: Reply | StreamedReply): Promise<Reply> {
  if (!isStreamed(reply)) return reply;
  const outlet = requestContext.getStore()?.outlet;
  if (!outlet) throw new Error('An endpoint that does not stream answered with a stream');
  const { body, ...head } = reply;
  const pieces = body[Symbol.asyncIterator]();
  const first = await pieces.next();
  outlet.pieces = resume(first, pieces);
  return head;
}

async function* resume(
  first: IteratorResult<string>,
  pieces: AsyncIterator<string>,
): AsyncGenerator<string> {
  try {
    for (let piece = first; !piece.done; piece = await pieces.next()) yield piece.value;
  } finally {
    await pieces.return?.();
  }
}

/** Sends the answer of an endpoint that streams; those of all others are returned. */
export function sending(): Middleware {
  return {
    after: ({ response }) => {
      const outlet = requestContext.getStore()?.outlet;
      return outlet && response ? send(outlet, response, outlet.pieces) : undefined;
    },
    onError: ({ response }) => {
      const outlet = requestContext.getStore()?.outlet;
      if (outlet?.isBegun) outlet.isCutShort = true;
      else if (outlet && response) return send(outlet, response);
      return undefined;
    },
  };
}

async function send(
  outlet: Outlet,
  { body, ...head }: APIGatewayProxyResult,
  pieces: AsyncIterable<string> = none(),
): Promise<void> {
  outlet.isBegun = true;
  const stream = awslambda.HttpResponseStream.from(outlet.stream, head);
  // The head goes out with the first write, even if that writes nothing.
  await write(stream, body);
  for await (const piece of pieces) {
    await write(stream, piece);
    if (stream.destroyed) break;
  }
  if (stream.destroyed) return logger.info('abandoned');
  stream.end();
  await settled(stream, 'finish');
}

async function* none(): AsyncGenerator<string> {}

/** Writes, and waits while the stream holds as much as it wants to. */
async function write(stream: Writable, text: string): Promise<void> {
  if (!stream.write(text)) await settled(stream, 'drain');
}

/** Resolves at an event of the stream, or when the stream is closed. */
function settled(stream: Writable, event: 'drain' | 'finish'): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || (event === 'finish' && stream.writableFinished)) return resolve();
    const done = () => {
      stream.off(event, done);
      stream.off('close', done);
      resolve();
    };
    stream.on(event, done);
    stream.on('close', done);
  });
}

import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import {
  isStreaming,
  preludeDelimiter,
  ResponseStream,
  type Take,
} from '../local/lambda/awslambda.ts';

/** A handler of an endpoint, as it is called for a whole answer. */
export type WholeHandler = (
  event: APIGatewayProxyEvent,
  context: Context,
) => Promise<APIGatewayProxyResult>;
/** One that streams its answer. */
export type StreamHandler = (
  event: APIGatewayProxyEvent,
  stream: ResponseStream,
  context: Context,
) => Promise<void>;
export type AnyHandler = WholeHandler | StreamHandler;

const isStreamHandler = (handler: AnyHandler): handler is StreamHandler => isStreaming(handler);

/** Calls a handler as Lambda does, and puts the answer of one that streams together. */
export async function callHandler(
  handler: AnyHandler,
  event: APIGatewayProxyEvent,
  context: Context,
): Promise<APIGatewayProxyResult> {
  if (!isStreamHandler(handler)) return handler(event, context);
  const chunks: Buffer[] = [];
  const stream = new ResponseStream((chunk, taken) => {
    chunks.push(chunk);
    taken();
  });
  await handler(event, stream, context);
  if (!stream.writableFinished) throw new Error('The handler did not end its answer');
  return toResult(Buffer.concat(chunks));
}

/** Metadata and payload of a streamed answer, as one that is whole would have them. */
export function toResult(answer: Buffer): APIGatewayProxyResult {
  const end = answer.indexOf(preludeDelimiter);
  if (end < 0) throw new Error('The answer has no metadata');
  const metadata = JSON.parse(answer.subarray(0, end).toString());
  return { ...metadata, body: answer.subarray(end + preludeDelimiter.length).toString() };
}

/** A reader who takes a chunk of a streamed answer only when the test does. */
export class SlowReader {
  readonly stream: ResponseStream;
  #waiting = Promise.withResolvers<void>();
  #chunk: { bytes: Buffer; taken: () => void } | undefined;

  constructor() {
    const take: Take = (bytes, taken) => {
      this.#chunk = { bytes, taken };
      this.#waiting.resolve();
    };
    this.stream = new ResponseStream(take);
    this.stream.on('close', () => this.#waiting.resolve());
  }

  /** Resolves when a chunk waits to be taken, or the stream is closed. */
  get offered(): Promise<void> {
    return this.#waiting.promise;
  }

  /** Takes the next chunk; undefined when the stream is closed. */
  async take(): Promise<Buffer | undefined> {
    await this.#waiting.promise;
    const chunk = this.#chunk;
    if (!chunk) return undefined;
    this.#chunk = undefined;
    this.#waiting = Promise.withResolvers();
    if (this.stream.closed) this.#waiting.resolve();
    chunk.taken();
    return chunk.bytes;
  }
}

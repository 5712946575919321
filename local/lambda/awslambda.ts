import { Writable } from 'node:stream';

/** Takes a chunk of an answer, and says when it wants the next. */
export type Take = (chunk: Buffer, taken: (error?: Error | null) => void) => void;

/** The stream that a function writes its answer to. */
export class ResponseStream extends Writable {
  readonly #take: Take;
  #prelude: Buffer | undefined;

  constructor(take: Take) {
    super();
    this.#take = take;
  }

  setContentType(_contentType: string): void {}

  /** What goes out before the first chunk; without a chunk it does not. */
  set prelude(bytes: Buffer) {
    this.#prelude = bytes;
  }

  override _write(chunk: Buffer, _: BufferEncoding, taken: (error?: Error | null) => void): void {
    const bytes = this.#prelude ? Buffer.concat([this.#prelude, chunk]) : chunk;
    this.#prelude = undefined;
    this.#take(bytes, taken);
  }
}

/** What parts the metadata of a streamed answer from its payload. */
export const preludeDelimiter = Buffer.alloc(8);

const mark = Symbol.for('aws.lambda.runtime.handler.streaming');

/** Whether the handler was made with `awslambda.streamifyResponse`. */
export function isStreaming(handler: object): boolean {
  return Reflect.get(handler, mark) === 'response';
}

/** Sets the global that Lambda's Node.js runtime has for functions that stream their answer. */
export function installAwslambda(): void {
  const awslambda = {
    streamifyResponse: <H extends object>(handler: H): H =>
      Object.assign(handler, { [mark]: 'response' }),
    HttpResponseStream: {
      from: (stream: Writable, metadata: Record<string, unknown>): Writable => {
        if (!(stream instanceof ResponseStream)) throw new TypeError('This is no response stream');
        stream.setContentType('application/vnd.awslambda.http-integration-response');
        stream.prelude = Buffer.concat([Buffer.from(JSON.stringify(metadata)), preludeDelimiter]);
        return stream;
      },
    },
  };
  Object.assign(globalThis, { awslambda });
}

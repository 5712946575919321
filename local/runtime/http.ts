import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PlainError } from './plain-error.ts';

export type HeaderList = (readonly [name: string, value: string])[];

/** A request as the parts of the local cloud hand it to each other. */
export interface HttpRequest {
  readonly method: string;
  /** As it was sent: still percent-encoded, without the query. */
  readonly path: string;
  /** As it was sent, without the question mark. */
  readonly query: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  /** The body was longer than any part of the cloud takes; what there is of it was dropped. */
  readonly isBodyTooLarge?: boolean;
  /** Address of who connected. */
  readonly address: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Buffer;
}

/** A response whose body is still being made. One whose body fails is cut short. */
export interface StreamedResponse extends Omit<HttpResponse, 'body'> {
  readonly body: Readable;
}

export type AnyResponse = HttpResponse | StreamedResponse;

export function isStreamed(response: AnyResponse): response is StreamedResponse {
  return response.body instanceof Readable;
}

/** The port is taken by another process. */
export class PortTakenError extends PlainError {
  readonly port: number;

  constructor(port: number, host: string) {
    super(
      `Port ${port} on ${host} is taken: stop what listens there, or choose another with PORT=`,
    );
    this.port = port;
  }
}

/** The last value of a header, whatever the case of its name. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  return headers.findLast(([key]) => key.toLowerCase() === name)?.[1];
}

/** The headers without those of the given lower-case names. */
export function withoutHeaders(headers: HeaderList, ...names: string[]): HeaderList {
  return headers.filter(([key]) => !names.includes(key.toLowerCase()));
}

/** Bodies above this are never kept: API Gateway takes 10 MB, CloudFront and the console less matter. */
const maxBodyBytes = 10 * 1024 * 1024;

/** Reads a request to its end. A body that is too long is read but not kept. */
export async function readRequest(message: IncomingMessage): Promise<HttpRequest> {
  const url = message.url ?? '/';
  const queryAt = url.indexOf('?');
  const { body, isTooLarge } = await readBody(message, maxBodyBytes);
  return {
    method: message.method ?? 'GET',
    path: queryAt < 0 ? url : url.slice(0, queryAt),
    query: queryAt < 0 ? '' : url.slice(queryAt + 1),
    headers: pairsOf(message.rawHeaders),
    body,
    ...(isTooLarge && { isBodyTooLarge: true }),
    address: (message.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:(?=\d+\.)/, ''),
  };
}

/**
 * Reads a body to its end, and keeps it up to `maxBytes`. Rejects where the other side breaks off.
 * By events: an async iterator costs more than all else that a small request does.
 */
export function readBody(
  message: IncomingMessage,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<{ body: Buffer; isTooLarge: boolean }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
    });
    message.once('end', () => {
      const [only = nothing, ...others] = chunks;
      const body = others.length > 0 ? Buffer.concat(chunks) : only;
      resolve({ body, isTooLarge: bytes > maxBytes });
    });
    message.once('error', reject);
    message.once('close', () => reject(new Error('The other side broke off')));
  });
}

const nothing = Buffer.alloc(0);

function pairsOf(raw: readonly string[]): HeaderList {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? '']);
}

const withoutBody = new Set([204, 304]);

/** Writes a response. One whose headers HTTP cannot carry becomes a bare 502. */
export function writeResponse(
  request: { method?: string | undefined },
  response: ServerResponse,
  answer: HttpResponse,
): void {
  if (!setHeaders(response, answer)) return;
  const hasBody = request.method !== 'HEAD' && !withoutBody.has(answer.status);
  if (!withoutBody.has(answer.status)) response.setHeader('Content-Length', answer.body.length);
  response.writeHead(answer.status);
  response.end(hasBody ? answer.body : undefined);
}

/**
 * Writes a response to its end, whole or as it comes. Where the body fails the connection breaks off;
 * where the client goes the body is destroyed.
 */
export async function writeAnyResponse(
  request: { method?: string | undefined },
  response: ServerResponse,
  answer: AnyResponse,
): Promise<void> {
  if (!isStreamed(answer)) return writeResponse(request, response, answer);
  const { status, body } = answer;
  const isSent = setHeaders(response, answer);
  if (!isSent || request.method === 'HEAD' || withoutBody.has(status)) {
    body.destroy();
    if (isSent) response.writeHead(status).end();
    return;
  }
  response.writeHead(status);
  response.flushHeaders();
  // The source of the body reports why it failed, and a client that has gone is no error.
  await pipeline(body, response).catch(() => {});
}

/** Whether HTTP can carry the headers; otherwise the response is written, as a bare 502. */
function setHeaders(response: ServerResponse, { headers }: AnyResponse): boolean {
  try {
    const byName = Map.groupBy(headers, ([name]) => name.toLowerCase());
    for (const same of byName.values()) {
      const values = same.map(([, value]) => value);
      const name = same[0]?.[0] ?? '';
      response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values);
    }
    return true;
  } catch {
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.writeHead(502).end();
    return false;
  }
}

export interface Listener {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Listens and hands every request on. What a handler throws becomes a bare 500 and a line in `onError`.
 * Throws {@link PortTakenError}.
 */
export async function listen(
  answer: Answer,
  {
    port = 0,
    host = '127.0.0.1',
    onError = () => {},
  }: { port?: number; host?: string; onError?: (error: unknown) => void } = {},
): Promise<Listener> {
  const server: Server = createServer(
    // The gateway has its own, smaller limit and answers in its own form.
    { maxHeaderSize: 64 * 1024, keepAliveTimeout: 65_000, requestTimeout: 0 },
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        if (!request.destroyed) onError(error);
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(error, port, host));
    });
    server.listen(port, host, resolve);
  });

  const bound = (server.address() as AddressInfo).port;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    port: bound,
    url: `http://${name}:${bound}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code === 'EADDRINUSE') return new PortTakenError(port, host);
  if (error.code === 'EACCES')
    return new PlainError(`Port ${port} on ${host} needs more rights: choose another with PORT=`);
  return new PlainError(
    `HOST must be an address or a name of this machine, not ${host} (${error.code})`,
  );
}

/** A JSON reply. */
export function jsonResponse(
  status: number,
  value: unknown,
  headers: HeaderList = [],
): HttpResponse {
  return {
    status,
    headers: [['Content-Type', 'application/json'], ...headers],
    body: Buffer.from(JSON.stringify(value)),
  };
}

import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import {
  type AddressRules,
  bareHost,
  checkedAddresses,
  RefusedAddressError,
} from './public-addresses.ts';

/** What a receiver answered, as much of it as we keep. */
export interface ReceiverAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

export interface OutboundRequest extends AddressRules {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  /** Bytes of the answer's body to keep. The rest is not read. */
  readonly maxBodyBytes: number;
}

/** Why a receiver gave no answer. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';

  readonly reason: 'timeout' | 'connection_failed' | 'address_refused';

  constructor(reason: ConnectionError['reason'], cause: unknown) {
    super('The receiver gave no answer', { cause });
    this.reason = reason;
  }
}

/**
 * Posts to a receiver that a tenant named. The addresses of its name are resolved once, checked, and
 * exactly those are connected to, so a later change of the name has no effect. Redirects are
 * answers like any other. Settles within the timeout in any case. Throws
 * ConnectionError when there is no answer.
 */
export async function postOut(request: OutboundRequest): Promise<ReceiverAnswer> {
  const host = bareHost(request.url);
  const deadline = AbortSignal.timeout(request.timeoutMs);
  try {
    // Node asks no resolver about an address, so it is checked here.
    if (isIP(host)) await checkedAddresses(host, { ...request, resolve: itself });
  } catch (error) {
    throw toConnectionError(error, deadline);
  }
  return exchange(request, deadline);
}

function toConnectionError(cause: unknown, deadline: AbortSignal): ConnectionError {
  if (cause instanceof RefusedAddressError) return new ConnectionError('address_refused', cause);
  return new ConnectionError(deadline.aborted ? 'timeout' : 'connection_failed', cause);
}

/** Time for each of several addresses. Node's own is too short for the other side of the world. */
const patience = { autoSelectFamilyAttemptTimeout: 2500 };

function exchange(request: OutboundRequest, deadline: AbortSignal): Promise<ReceiverAnswer> {
  const { url, headers, body } = request;
  const { request: open } = url.protocol === 'https:' ? https : http;
  const outgoing = open(url, {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    lookup: lookupOf(request),
    // A new connection: a kept one would skip the check.
    agent: false,
    ...patience,
  });
  const exchanged = new Promise<ReceiverAnswer>((resolve, reject) => {
    const fail = (cause?: unknown) => reject(toConnectionError(cause, deadline));
    const answer = ({ statusCode: status = 0, headers }: http.IncomingMessage, text: string) =>
      resolve({ status, retryAfter: headers['retry-after'], body: text });
    outgoing.on('error', fail);
    outgoing.on('close', fail);
    deadline.addEventListener('abort', fail);
    outgoing.on('response', (response) => {
      // From here on there is an answer, even if the connection breaks.
      outgoing.off('error', fail).on('error', () => undefined);
      outgoing.off('close', fail);
      deadline.removeEventListener('abort', fail);
      readStart(response, request.maxBodyBytes, deadline).then((text) => answer(response, text));
    });
    // Node drops the connection silently when there is no listener for this.
    outgoing.on('upgrade', (response, socket) => {
      socket.destroy();
      answer(response, '');
    });
    outgoing.end(body);
  });
  return exchanged.finally(() => outgoing.destroy());
}

const itself = async (address: string) => [{ address, family: isIP(address) }];

function lookupOf(rules: AddressRules): LookupFunction {
  return (hostname, options, done) => {
    checkedAddresses(bareHost({ hostname }), rules).then(
      (addresses) => {
        if (options.all) return done(null, addresses);
        const [first] = addresses;
        return done(null, first?.address ?? '', first?.family);
      },
      (error: Error) => done(error, ''),
    );
  };
}

/** The first bytes of a body, or what arrived before it stalled or broke: the status counts all the same. */
function readStart(
  response: http.IncomingMessage,
  maxBytes: number,
  deadline: AbortSignal,
): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = () => resolve(Buffer.concat(chunks).subarray(0, maxBytes).toString());
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= maxBytes) finish();
    });
    response.on('end', finish);
    response.on('error', finish);
    response.on('close', finish);
    deadline.addEventListener('abort', finish);
  });
}

import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import { type AddressRules, bareHost, checkedAddresses } from './public-addresses.ts';

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
  /** Bytes of the answer's body to keep. The rest is not even read. */
  readonly mostBodyBytes: number;
}

/**
 * Posts to a receiver that a tenant named. The addresses of its name are resolved once, checked, and
 * exactly those are connected to, so a name that changes meanwhile changes nothing. Redirects are
 * answers like any other. Throws RefusedAddressError, a TimeoutError, or why nothing connected.
 */
export async function postOut(request: OutboundRequest): Promise<ReceiverAnswer> {
  const { url, headers, body, timeoutMs } = request;
  const host = bareHost(url);
  const signal = AbortSignal.timeout(timeoutMs);
  // Node asks no resolver about an address, so it is checked here.
  if (isIP(host)) await checkedAddresses(host, { ...request, resolve: itself });
  try {
    return await new Promise((resolve, reject) => {
      const { request: open } = url.protocol === 'https:' ? https : http;
      const outgoing = open(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        lookup: lookupOf(request),
        // A connection of its own: a kept one would skip the check.
        agent: false,
        signal,
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        readStart(response, request.mostBodyBytes).then((text) => {
          outgoing.destroy();
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers['retry-after'],
            body: text,
          });
        }, reject);
      });
      outgoing.end(body);
    });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

const itself = async (address: string) => [{ address, family: isIP(address) }];

function lookupOf(rules: AddressRules): LookupFunction {
  return (hostname, options, done) => {
    checkedAddresses(hostname.replace(/\.$/, ''), rules).then(
      (addresses) => {
        if (options.all) return done(null, addresses);
        const [first] = addresses;
        return done(null, first?.address ?? '', first?.family);
      },
      (error: Error) => done(error, ''),
    );
  };
}

/** The first bytes of a body. One that stalls or breaks is what there was of it: the status stands. */
function readStart(response: http.IncomingMessage, mostBytes: number): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = () => resolve(Buffer.concat(chunks).subarray(0, mostBytes).toString());
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= mostBytes) finish();
    });
    response.on('end', finish);
    response.on('error', finish);
    response.on('close', finish);
  });
}

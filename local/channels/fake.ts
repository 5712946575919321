import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import * as z from 'zod/mini';
import {
  type HeaderList,
  type HttpRequest,
  type HttpResponse,
  jsonResponse,
  type Listener,
  listen,
  readRequest,
  writeResponse,
} from '../runtime/http.ts';
import { openStore } from '../runtime/store.ts';
import { type GeneratedProduct, generateProduct } from './fake-products.ts';

/** A seller account on a fake. The same seed has the same products at every start. */
export interface ChannelAccount {
  readonly id: string;
  /** What the seller puts into Tenantry. */
  readonly credentials: Readonly<Record<string, string>>;
  products: number;
  seed: number;
  /** Each revision changes prices and stocks of a twentieth of the products. */
  revision: number;
  /** Categories or roles that the key lacks. */
  lacks: string[];
  /** The kind of the key, where the marketplace has kinds: `service` unless it was chosen. */
  kind?: KeyKind;
}

/** Kinds of keys of Wildberries, by the names that its refusals give them. */
export const keyKinds = ['personal', 'service', 'base with secret', 'base'] as const;
export type KeyKind = (typeof keyKinds)[number];

const shape = {
  products: z.int().check(z.minimum(0), z.maximum(1_000_000)),
  revision: z.int().check(z.minimum(0)),
  lacks: z.array(z.string()),
  kind: z.enum(keyKinds),
};

export const AccountRequest = z.strictObject({
  products: z._default(shape.products, 100_000),
  seed: z._default(z.int().check(z.minimum(0)), 1),
  revision: z._default(shape.revision, 0),
  lacks: z._default(shape.lacks, []),
  kind: z._default(shape.kind, 'service'),
});

export const AccountChange = z.strictObject({
  products: z.optional(shape.products),
  revision: z.optional(shape.revision),
  lacks: z.optional(shape.lacks),
  kind: z.optional(shape.kind),
});

/** Trouble for the next `times` requests, or every `every`th, until it is changed. */
export const ChannelFaults = z.strictObject({
  error: z._default(
    z.nullable(
      z.enum([
        'unavailable',
        'timeout',
        'rate_limited',
        'long_wait',
        'malformed',
        'incomplete',
        'endless',
        'truncated',
        'unauthorized',
      ]),
    ),
    null,
  ),
  times: z._default(z.nullable(z.int().check(z.positive())), null),
  every: z._default(z.int().check(z.positive()), 1),
  /** Whether the documented limits are enforced. */
  limits: z._default(z.boolean(), true),
});
export type ChannelFaults = z.infer<typeof ChannelFaults>;

export interface FakeOptions {
  /** Where accounts are kept; in memory only without it. */
  readonly dataDir?: string;
  readonly now?: () => number;
  readonly onError?: (error: unknown) => void;
}

/** The API of a seller marketplace, as far as Tenantry uses it. */
export interface FakeChannel extends Listener {
  /** What to configure as the address of the API. */
  readonly baseUrl: string;
  createAccount(request?: z.input<typeof AccountRequest>): ChannelAccount;
  changeAccount(id: string, change: z.infer<typeof AccountChange>): ChannelAccount | undefined;
  accounts(): readonly ChannelAccount[];
  faults(): ChannelFaults;
  setFaults(faults: z.input<typeof ChannelFaults>): void;
  /** Requests by method and path since the start, those refused included. */
  readonly requests: Map<string, number>;
}

export interface FakeRequest {
  readonly request: HttpRequest;
  readonly account: ChannelAccount;
  readonly body: unknown;
  readonly nowMs: number;
}

/** An answer, or rows that are too many to be one text. */
export type FakeAnswer = HttpResponse | { readonly stream: Iterable<string> };

export interface Marketplace {
  readonly name: string;
  /** Appended to the address of the fake. */
  readonly basePath: string;
  newCredentials(): Record<string, string>;
  /** The account that a request names, or the refusal. */
  authenticate(
    request: HttpRequest,
    find: (matches: (account: ChannelAccount) => boolean) => ChannelAccount | undefined,
  ): ChannelAccount | HttpResponse;
  /** The refusal of a request that comes too early. */
  limit(request: FakeRequest): HttpResponse | undefined;
  error(status: number, requestPath: string): HttpResponse;
  answer(request: FakeRequest): FakeAnswer;
  /** What looks like an answer and has lost what it should tell. */
  incomplete(request: FakeRequest): HttpResponse;
}

/** Serves a marketplace on its own port. */
export async function startFake(
  marketplace: Marketplace,
  { dataDir, now = Date.now, onError = () => {} }: FakeOptions,
): Promise<FakeChannel> {
  const initial: { accounts: ChannelAccount[] } = { accounts: [] };
  const store = dataDir
    ? openStore(join(dataDir, `seller-${marketplace.name}.json`), initial)
    : { value: initial, save: () => {} };
  const requests = new Map<string, number>();
  let faults: ChannelFaults = ChannelFaults.parse({});
  let sinceFault = 0;

  const nextFault = (): ChannelFaults['error'] => {
    const { error, times, every } = faults;
    if (!error) return null;
    sinceFault += 1;
    if (sinceFault % every !== 0) return null;
    if (times !== null)
      faults =
        times > 1 ? { ...faults, times: times - 1 } : { ...faults, error: null, times: null };
    return error;
  };

  const serve = (request: HttpRequest, isIncomplete: boolean): FakeAnswer => {
    const account = marketplace.authenticate(request, (matches) =>
      store.value.accounts.find(matches),
    );
    if ('status' in account) return account;
    const body = parseBody(request.body);
    const asked = { request, account, body, nowMs: now() };
    const refusal = faults.limits && marketplace.limit(asked);
    if (refusal) return refusal;
    return isIncomplete ? marketplace.incomplete(asked) : marketplace.answer(asked);
  };

  const listener = await listen(
    async (message, response) => {
      const request = await readRequest(message);
      const name = `${request.method} ${request.path}`;
      requests.set(name, (requests.get(name) ?? 0) + 1);
      const fault = nextFault();
      if (fault === 'timeout') return;
      if (fault === 'malformed') {
        writeResponse(
          message,
          response,
          jsonResponse(200, { data: { items: [{}] }, cards: 'none' }),
        );
        return;
      }
      if (fault === 'endless') {
        await stream(response, endlessText());
        return;
      }
      if (fault === 'long_wait') {
        const refusal = marketplace.error(429, request.path);
        writeResponse(message, response, { ...refusal, headers: longWait });
        return;
      }
      if (fault && fault !== 'truncated' && fault !== 'incomplete') {
        writeResponse(message, response, marketplace.error(faultStatus[fault], request.path));
        return;
      }
      const answer = serve(request, fault === 'incomplete');
      if (fault === 'truncated') await cut(response, answer);
      else if ('stream' in answer) await stream(response, answer.stream);
      else writeResponse(message, response, answer);
    },
    { onError },
  );
  return {
    ...listener,
    baseUrl: listener.url + marketplace.basePath,
    requests,
    createAccount: (wanted = {}) => {
      const account = {
        id: randomUUID(),
        credentials: marketplace.newCredentials(),
        ...AccountRequest.parse(wanted),
      };
      store.value.accounts.push(account);
      store.save();
      return account;
    },
    changeAccount: (id, change) => {
      const account = store.value.accounts.find((candidate) => candidate.id === id);
      if (!account) return undefined;
      Object.assign(account, change);
      store.save();
      return account;
    },
    accounts: () => store.value.accounts,
    faults: () => faults,
    setFaults: (wanted) => {
      faults = ChannelFaults.parse(wanted);
      sinceFault = 0;
    },
  };
}

/** Three years. */
const longWait: HeaderList = [
  ['Content-Type', 'application/json'],
  ['Retry-After', '99999999'],
  ['X-Ratelimit-Retry', '99999999'],
];

/** JSON so far, and never at its end; no reader should take in all of this gigabyte. */
function* endlessText(): Generator<string> {
  yield '{"data":{"items":[';
  const padding = ' '.repeat(64 * 1024);
  for (let part = 0; part < 16_384; part += 1) yield padding;
}

const faultStatus = { unavailable: 503, rate_limited: 429, unauthorized: 401 } as const;

function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString() || '{}');
  } catch {
    return undefined;
  }
}

async function stream(response: ServerResponse, parts: Iterable<string>): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  let buffered = '';
  const flush = async () => {
    const isFull = !response.write(buffered);
    buffered = '';
    if (isFull && !response.destroyed)
      await new Promise<void>((resolve) => {
        const go = () => {
          response.off('drain', go);
          response.off('close', go);
          resolve();
        };
        response.on('drain', go);
        response.on('close', go);
      });
  };
  for (const part of parts) {
    buffered += part;
    if (buffered.length > 64 * 1024) await flush();
    if (response.destroyed) return;
  }
  await flush();
  response.end();
}

/** Half of an answer, then the connection is gone. */
async function cut(response: ServerResponse, answer: FakeAnswer): Promise<void> {
  const body =
    'stream' in answer
      ? Buffer.from([...answer.stream].slice(0, 10).join(''))
      : answer.body.subarray(0, Math.floor(answer.body.length / 2));
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': body.length + 100,
  });
  response.write(body, () => response.destroy());
}

/** The product of an account with a number; undefined when there is none. */
export function productAt(account: ChannelAccount, index: number): GeneratedProduct | undefined {
  const exists = Number.isInteger(index) && index >= 0 && index < account.products;
  return exists ? generateProduct(account.seed, index, account.revision) : undefined;
}

/** A token bucket for each name: one more each `intervalMs`, at most `burst`. */
export class Buckets {
  readonly #levels = new Map<string, { level: number; atMs: number }>();

  /** Takes one, or returns in how many milliseconds there will be one. */
  take(name: string, limit: { intervalMs: number; burst: number }, nowMs: number): number {
    const { level, atMs } = this.#levels.get(name) ?? { level: limit.burst, atMs: nowMs };
    const filled = Math.min(limit.burst, level + Math.max(0, nowMs - atMs) / limit.intervalMs);
    // A clock that both sides share must not fail on the last bit of a sum of fractions.
    if (filled < 1 - 1e-9) {
      this.#levels.set(name, { level: filled, atMs: nowMs });
      return (1 - filled) * limit.intervalMs;
    }
    this.#levels.set(name, { level: filled - 1, atMs: nowMs });
    return 0;
  }
}

export const withHeaders = (response: HttpResponse, headers: HeaderList): HttpResponse => ({
  ...response,
  headers: [...response.headers, ...headers],
});

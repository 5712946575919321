import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { retryAfterMs } from '../http/retry-after.ts';
import { requireEnv } from '../runtime/config.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { type ChannelCall, ChannelError, type ChannelRequest } from './adapter.ts';
import { channelUrlVariable, definitions } from './definitions.ts';
import { type ChannelOutcome, sellerCalls, sellerLatency } from './metrics.ts';
import type { ChannelName } from './names.ts';
import { maxPauseMs, type TokenBucket, tableBucket } from './token-bucket.ts';

export interface ChannelCallOptions {
  /** Moment by which everything must have ended: no wait and no try goes beyond it. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** The marketplace has accepted the credentials: what they say of their account is true. */
  readonly isVerified?: boolean;
  /** How often one request is tried; 4 times by default. */
  readonly attempts?: number;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
  readonly now?: () => number;
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

const firstPauseMs = 500;
const waitBySleeping = (ms: number, signal: AbortSignal | undefined) =>
  sleep(ms, undefined, signal ? { signal } : {});

/** A way to the seller APIs, for one run of a function. */
export function channelCall(options: ChannelCallOptions): ChannelCall {
  const { now = Date.now, wait = waitBySleeping, bucket = tableBucket, attempts = 4 } = options;
  const loaded = new Map<string, Promise<unknown>>();

  const leftMs = () => options.deadlineMs - now();
  const waitOrGiveUp = async (
    ms: number,
    signal: AbortSignal,
    otherwise: (ms: number) => ChannelError,
  ) => {
    if (ms <= 0) return;
    if (ms > leftMs()) throw otherwise(ms);
    await wait(ms, signal);
  };
  const takeTurn = async (
    { marketplace, limit }: ChannelRequest,
    account: string,
    signal: AbortSignal,
  ) => {
    const place = { marketplace, account, limit };
    const { isTaken, waitMs } = await bucket.take(place, Math.max(0, leftMs()), now());
    if (!isTaken) throw limited(marketplace, waitMs);
    await waitOrGiveUp(waitMs, signal, (ms) => limited(marketplace, ms));
  };

  return {
    baseUrl: (marketplace) => requireEnv(channelUrlVariable(marketplace)),
    once: <T>(name: string, load: () => Promise<T>) => {
      const known = loaded.get(name) as Promise<T> | undefined;
      if (known) return known;
      const loading = load();
      loaded.set(name, loading);
      loading.catch(() => loaded.delete(name));
      return loading;
    },
    send: async (request, read) => {
      const { marketplace, limit } = request;
      const account = accountOf(request, options.isVerified === true);
      const signal = AbortSignal.any([options.signal ?? [], request.signal ?? []].flat());
      for (let attempt = 1; ; attempt += 1) {
        await takeTurn(request, account, signal);
        const outcome = await attemptOnce({ ...request, signal }, read, options, now());
        if ('value' in outcome) return outcome.value;
        if (outcome.retryAfterMs !== undefined)
          await bucket.pause({ marketplace, account, limit }, outcome.retryAfterMs, now());
        const pauseMs = outcome.retryAfterMs ?? Math.random() * firstPauseMs * 2 ** attempt;
        const isLast = attempt === attempts;
        if (isLast || signal.aborted) throw outcome.error;
        await waitOrGiveUp(pauseMs, signal, () => outcome.error);
      }
    },
  };
}

type Outcome<T> = { value: T } | { error: ChannelError; retryAfterMs?: number };

/** One try. Returns what may be tried again and throws what may not. */
async function attemptOnce<T>(
  request: ChannelRequest & { signal: AbortSignal },
  read: (response: Response) => Promise<T>,
  options: ChannelCallOptions,
  nowMs: number,
): Promise<Outcome<T>> {
  const leftMs = options.deadlineMs - nowMs;
  const { method, url, headers, body } = request;
  const marketplace = request.marketplace as ChannelName;
  const timeoutMs = Math.max(1, Math.min(request.timeoutMs ?? options.timeoutMs ?? 15_000, leftMs));
  const startedAt = performance.now();
  const report = (outcome: ChannelOutcome) => {
    recordMetric(sellerCalls, 1, { marketplace, outcome });
    recordMetric(sellerLatency, Math.round(performance.now() - startedAt), { marketplace });
  };
  try {
    const response = await fetch(url, {
      method,
      headers: {
        accept: 'application/json',
        ...headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      // The key must not follow to wherever an answer points.
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), request.signal]),
    });
    if (response.status === 429) {
      await response.body?.cancel();
      report('rate_limited');
      const waitMs = waitOf(response, nowMs) ?? 1000;
      return { error: limited(marketplace, waitMs), retryAfterMs: waitMs };
    }
    if (response.status >= 500) {
      await response.body?.cancel();
      report('unavailable');
      return { error: unavailable(marketplace, `answered ${response.status}`) };
    }
    const value = await read(response);
    report('answered');
    return { value };
  } catch (error) {
    if (error instanceof ChannelError) {
      report(wordFor(error));
      if (error.code === 'malformed') return { error };
      throw error;
    }
    // What was cut off from our side says nothing about theirs.
    if (!request.signal.aborted) report('no_answer');
    return { error: unavailable(marketplace, 'did not answer', error) };
  }
}

function wordFor({ code }: ChannelError): ChannelOutcome {
  return code === 'wrong_key' || code === 'wrong_scope' ? 'refused' : code;
}

function limited(marketplace: string, retryAfterMs: number): ChannelError {
  const seconds = Math.ceil(retryAfterMs / 1000);
  const text = `The limits of ${marketplace} are used up for ${seconds} s.`;
  return new ChannelError('rate_limited', text, { retryAfterMs });
}

function unavailable(marketplace: string, what: string, cause?: unknown): ChannelError {
  return new ChannelError('unavailable', `The API of ${marketplace} ${what}.`, { cause });
}

/**
 * How long a 429 asks to wait, never more than a pause may be. Wildberries has its own headers,
 * in seconds; the standard one is seconds or a date. Other values are ignored.
 */
function waitOf({ headers }: Response, nowMs: number): number | undefined {
  const waits = ['x-ratelimit-retry', 'retry-after', 'x-ratelimit-reset'].map((name) =>
    retryAfterMs(headers.get(name), nowMs),
  );
  const waitMs = waits.find((ms) => ms !== undefined && ms > 0);
  return waitMs === undefined ? undefined : Math.min(waitMs, maxPauseMs);
}

/**
 * The name of a seller account in our table. All keys of an account share its limits, as they do at
 * the marketplace; but an unverified claim about the account would let one tenant use up the
 * limits of another, so until then the name is a hash of the whole credentials.
 */
function accountOf({ marketplace, credentials }: ChannelRequest, isVerified: boolean): string {
  const account = isVerified
    ? definitions[marketplace as ChannelName].account(credentials)
    : undefined;
  const members = Object.entries(credentials).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify(account === undefined ? members : { account }))
    .digest('base64url');
}

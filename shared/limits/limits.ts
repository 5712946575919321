import { rateLimited } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import type { Limit } from '../contract/limits.ts';
import { requirePositiveNumberEnv } from '../runtime/config.ts';
import { type Allowance, requestContext } from '../runtime/request-context.ts';
import { changes, when } from '../table/changes.ts';
import { deleteItem, tryUpdate, type Write } from '../table/table.ts';
import { limitKeys } from './keys.ts';

let multiplier: number | undefined;

function quotaOf(limit: Limit): number {
  multiplier ??= requirePositiveNumberEnv('LIMITS_MULTIPLIER');
  return Math.max(1, Math.round(limit.quota * multiplier));
}

function windowOf(limit: Limit, nowMs: number) {
  const { windowSeconds } = limit;
  const now = Math.floor(nowMs / 1000);
  const start = now - (now % windowSeconds);
  return { start, windowSeconds, resetSeconds: start + windowSeconds - now };
}

/** The write that counts one more, and fails its condition when the quota is used up. */
function counterUpdate(limit: Limit, subject: string, nowMs: number) {
  const { start, windowSeconds } = windowOf(limit, nowMs);
  return {
    Key: limitKeys.limit(limit.name, subject, start),
    ...changes({
      add: { count: 1 },
      set: { ttl: start + 2 * windowSeconds },
      if: ['attribute_not_exists(#count) OR #count < :quota', { quota: quotaOf(limit) }],
    }),
  };
}

function allowance(limit: Limit, nowMs: number, used: number, exceeded: boolean): Allowance {
  const { windowSeconds, resetSeconds } = windowOf(limit, nowMs);
  const quota = quotaOf(limit);
  return {
    limit: limit.name,
    quota,
    windowSeconds,
    remaining: Math.max(0, quota - used),
    resetSeconds,
    exceeded,
  };
}

/** Counts one more for the subject, exactly, however many ask at once. Does not throw when exceeded. */
export async function count(limit: Limit, subject: string, nowMs = Date.now()): Promise<Allowance> {
  const counted = await tryUpdate({
    ...counterUpdate(limit, subject, nowMs),
    ReturnValues: 'UPDATED_NEW',
  });
  return counted
    ? allowance(limit, nowMs, Number(counted.count), false)
    : exceededAllowance(limit, nowMs);
}

/** Counts one request and reports the state of the window. Throws `rate_limited` when it is over the quota. */
export async function enforceLimit(limit: Limit, subject: string): Promise<void> {
  const allowance = await count(limit, subject);
  if (allowance.exceeded) throw limitExceeded(allowance);
  requestContext.getStore()?.allowances.push(allowance);
}

/** The same count as one write of a transaction. */
export function countWrite(limit: Limit, subject: string, nowMs: number): Write {
  return { update: counterUpdate(limit, subject, nowMs) };
}

/** As one check of a transaction: that the quota is not used up. Counts nothing. */
export function quotaCheck(limit: Limit, subject: string, nowMs: number): Write {
  const { start } = windowOf(limit, nowMs);
  return {
    check: {
      Key: limitKeys.limit(limit.name, subject, start),
      ...when(['attribute_not_exists(#count) OR #count < :quota', { quota: quotaOf(limit) }]),
    },
  };
}

export function exceededAllowance(limit: Limit, nowMs: number): Allowance {
  return allowance(limit, nowMs, quotaOf(limit), true);
}

/** Forgets what was counted for the subject in the current window. */
export async function resetLimit(limit: Limit, subject: string, nowMs = Date.now()): Promise<void> {
  await deleteItem({ Key: limitKeys.limit(limit.name, subject, windowOf(limit, nowMs).start) });
}

/** The window of a limit that is counted inside another item, and how many it allows. */
export function limitWindow(limit: Limit, nowMs: number): { startMs: number; quota: number } {
  return { startMs: windowOf(limit, nowMs).start * 1000, quota: quotaOf(limit) };
}

/** The 429 for an exceeded limit, with its RateLimit fields. */
export function limitExceeded(exceeded: Allowance): AppError {
  requestContext.getStore()?.allowances.push(exceeded);
  return new AppError(rateLimited, {
    headers: { 'retry-after': String(exceeded.resetSeconds) },
  });
}

/**
 * The subject of a limit per address: an IPv4 address, or the /64 of an IPv6 one, in one spelling.
 * An IPv4 address mapped into IPv6 counts as itself.
 */
export function limitSubjectOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...new Array<string>(zeros).fill('0'), ...right];
  const prefix = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${prefix.join(':')}::/64`;
}

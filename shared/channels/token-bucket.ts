import { busy } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { TtlCache } from '../runtime/ttl-cache.ts';
import { type Changes, changes } from '../table/changes.ts';
import { updateOrFind } from '../table/table.ts';
import type { ChannelLimit } from './adapter.ts';
import { channelKeys } from './keys.ts';

/** Whose calls are counted, and how many there may be. */
export interface BucketPlace {
  readonly marketplace: string;
  readonly account: string;
  readonly limit: ChannelLimit;
}

export interface TokenBucket {
  /**
   * Takes a turn and returns how long to wait for it. When that would be longer than `maxWaitMs`,
   * nothing is taken, and `waitMs` is how long it would have been.
   */
  take(
    place: BucketPlace,
    maxWaitMs: number,
    nowMs: number,
  ): Promise<{ isTaken: boolean; waitMs: number }>;
  /**
   * Gives out no turns for this time, `maxPauseMs` at most: the seller marketplace counts
   * differently than we do.
   */
  pause(place: BucketPlace, ms: number, nowMs: number): Promise<void>;
}

/** A header of one answer must not stop a seller account for longer. */
export const maxPauseMs = 15 * 60_000;

const dayMs = 86_400_000;
const maxAttempts = 20;

/** Where a bucket was when this container last saw it: a guess that saves a write, not more. */
const lastSeen = new TtlCache<number>({ maxAgeMs: Number.POSITIVE_INFINITY });

/**
 * Token buckets in the table, shared by all workers and exact however many ask at once. The item
 * keeps one number: the moment at which the bucket will be full again. A turn moves it on by one
 * interval, under the condition that it is where the arithmetic assumed it.
 */
export const tableBucket: TokenBucket = {
  take: async ({ marketplace, account, limit }, maxWaitMs, nowMs) => {
    const { intervalMs, burst } = limit;
    const key = channelKeys.channelLimit(marketplace, account, limit.category);
    const aheadMs = (burst - 1) * intervalMs;
    let fullAtMs = lastSeen.get(key.pk) ?? Number.NEGATIVE_INFINITY;
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const isFull = fullAtMs < nowMs;
      const moved = await (isFull
        ? change(key, {
            set: { full_at_ms: nowMs + intervalMs, ttl: ttlOf(nowMs) },
            if: ['attribute_not_exists(full_at_ms) OR full_at_ms < :now', { now: nowMs }],
          })
        : change(key, {
            add: { full_at_ms: intervalMs },
            set: { ttl: ttlOf(nowMs + maxWaitMs) },
            if: [
              'full_at_ms >= :now AND full_at_ms <= :latest',
              { now: nowMs, latest: Math.floor(nowMs + aheadMs + maxWaitMs) },
            ],
          }));
      fullAtMs = moved.fullAtMs;
      lastSeen.set(key.pk, fullAtMs);
      if (moved.isChanged)
        return { isTaken: true, waitMs: Math.max(0, fullAtMs - intervalMs - aheadMs - nowMs) };
      const waitMs = fullAtMs - aheadMs - nowMs;
      if (waitMs > maxWaitMs) return { isTaken: false, waitMs };
    }
    throw new AppError(busy, { headers: { 'retry-after': '1' } });
  },
  pause: async ({ marketplace, account, limit }, ms, nowMs) => {
    const pauseMs = Number.isNaN(ms) ? 0 : Math.min(ms, maxPauseMs);
    const fullAtMs = Math.ceil(nowMs + pauseMs + (limit.burst - 1) * limit.intervalMs);
    await change(channelKeys.channelLimit(marketplace, account, limit.category), {
      set: { full_at_ms: fullAtMs, ttl: ttlOf(fullAtMs) },
      if: ['attribute_not_exists(full_at_ms) OR full_at_ms < :full', { full: fullAtMs }],
    });
  },
};

const ttlOf = (ms: number) => Math.ceil((ms + dayMs) / 1000);

/** Changes the bucket if its condition holds. Returns when it will be full, changed or not. */
async function change(
  key: ReturnType<typeof channelKeys.channelLimit>,
  change: Changes,
): Promise<{ isChanged: boolean; fullAtMs: number }> {
  const outcome = await updateOrFind({
    Key: key,
    ...changes(change),
    ReturnValues: 'UPDATED_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  return outcome.changed
    ? { isChanged: true, fullAtMs: Number(outcome.changed.full_at_ms) }
    : {
        isChanged: false,
        fullAtMs: Number(outcome.found?.full_at_ms?.N ?? Number.NEGATIVE_INFINITY),
      };
}

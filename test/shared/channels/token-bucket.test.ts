import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { allItems } from '../../../harness/items.ts';
import { useWorld } from '../../../harness/world.ts';
import type { BucketPlace, TokenBucket } from '../../../shared/channels/token-bucket.ts';

useWorld();
let bucket: TokenBucket;
const start = Date.parse('2026-11-20T00:00:00Z');
const forever = Number.MAX_SAFE_INTEGER / 4;

beforeAll(async () => {
  ({ tableBucket: bucket } = await import('../../../shared/channels/token-bucket.ts'));
});

const newPlace = (burst = 5, intervalMs = 600): BucketPlace => ({
  marketplace: 'wildberries',
  account: randomUUID(),
  limit: { category: 'content', intervalMs, burst },
});
const waitsOf = async (place: BucketPlace, count: number, nowMs: number) => {
  const waits: number[] = [];
  for (let turn = 0; turn < count; turn += 1)
    waits.push((await bucket.take(place, forever, nowMs)).waitMs);
  return waits;
};

describe('a token bucket in the table (limits of seller APIs)', () => {
  it('gives its burst at once and one each interval after', async () => {
    expect(await waitsOf(newPlace(), 8, start)).toEqual([0, 0, 0, 0, 0, 600, 1200, 1800]);
  });

  it('fills up while nobody asks, and no fuller than its burst', async () => {
    const place = newPlace();
    await waitsOf(place, 5, start);

    expect(await waitsOf(place, 3, start + 1200)).toEqual([0, 0, 600]);
    expect(await waitsOf(place, 6, start + 60_000)).toEqual([0, 0, 0, 0, 0, 600]);
  });

  it('is exact however many workers ask at once', async () => {
    const place = newPlace(3, 1000);

    const turns = await Promise.all(
      Array.from({ length: 25 }, () => bucket.take(place, forever, start)),
    );

    const waits = turns.map(({ waitMs }) => waitMs).toSorted((a, b) => a - b);
    expect(waits).toEqual([0, 0, ...Array.from({ length: 23 }, (_, index) => index * 1000)]);
  });

  it('takes nothing when the wait would be too long, and tells how long it would be', async () => {
    const place = newPlace(1, 20_000);
    await bucket.take(place, 0, start);

    for (let again = 0; again < 3; again += 1)
      expect(await bucket.take(place, 5000, start + 1000)).toEqual({
        isTaken: false,
        waitMs: 19_000,
      });
    expect(await bucket.take(place, 19_000, start + 1000)).toEqual({
      isTaken: true,
      waitMs: 19_000,
    });
  });

  it('lets nobody go while the seller marketplace asked to wait', async () => {
    const place = newPlace();
    await bucket.pause(place, 7000, start);
    await bucket.pause(place, 2000, start);

    expect(await waitsOf(place, 2, start)).toEqual([7000, 7600]);
  });

  it.each([Number.POSITIVE_INFINITY, Number.NaN, 1e33, 10 * 365 * 86_400_000])(
    'is stopped for 15 minutes at most, whatever it is told: %d',
    async (ms) => {
      const place = newPlace(1);
      await bucket.pause(place, ms, start);

      const [waitMs = 0] = await waitsOf(place, 1, start);
      expect(waitMs).toBeLessThanOrEqual(900_000);
    },
  );

  it('is of one account and one category, and expires', async () => {
    const place = newPlace(1);
    const other = { ...place, limit: { ...place.limit, category: 'prices' } };
    await bucket.take(place, forever, start);

    expect(await waitsOf(other, 1, start)).toEqual([0]);
    expect(await waitsOf(newPlace(1), 1, start)).toEqual([0]);
    for (const item of await allItems())
      if (String(item.pk).startsWith('SELLERLIMIT#'))
        expect(item.ttl).toBeGreaterThan(start / 1000);
  });
});

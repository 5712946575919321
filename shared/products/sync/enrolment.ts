import * as z from 'zod/mini';
import { channelKeys } from '../../channels/keys.ts';
import { seriesIndex, tenantIdOf } from '../../table/family.ts';
import { getItem, putItem, queryPages, transact } from '../../table/table.ts';
import { productKeys } from '../keys.ts';
import { readSchedule, scheduleWrites } from './schedule.ts';

/** The index may show what was saved a little late, and clocks differ a little. */
const overlapMs = 10 * 60_000;
const perPage = 100;
/** What is left for a page must be this much. */
const minLeftMs = 10_000;

const SeenItem = z.object({ seen_until: z.string() });
const SealedItem = z.object({ pk: z.string(), series_sk: z.string() });

/**
 * Puts tenants on the schedule that have saved seller credentials since the last time: their first
 * sync is due now. It reads the credentials themselves, so that saving them needs no knowledge of
 * syncs, and a crash at any point leaves the work to the next run.
 */
export async function enrolTenants(nowMs: number, remainingMs: () => number): Promise<void> {
  const seen = await getItem(productKeys.syncEnrolment());
  const seenUntilMs = seen ? Date.parse(SeenItem.parse(seen).seen_until) : overlapMs;
  if (remainingMs() < minLeftMs) return;
  const pages = queryPages({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :pk AND series_sk >= :since',
    ExpressionAttributeValues: {
      ':pk': channelKeys.sealedCredentials(),
      ':since': new Date(seenUntilMs - overlapMs).toISOString(),
    },
    ProjectionExpression: 'pk, series_sk',
    Limit: perPage,
  });
  for await (const { items, isLast } of pages) {
    const found = items.map((item) => SealedItem.parse(item));
    const tenantIds = new Set(found.map(({ pk }) => tenantIdOf(pk)));
    await Promise.all([...tenantIds].map((tenantId) => enrol(tenantId, nowMs)));
    const [sealedAt] = found.at(-1)?.series_sk.split('#') ?? [];
    const seen_until = !isLast && sealedAt ? sealedAt : new Date(nowMs).toISOString();
    await putItem({ Item: { ...productKeys.syncEnrolment(), seen_until } });
    if (remainingMs() < minLeftMs) return;
  }
}

/** Another sweep may do the same at this moment: then the write fails, which is right. */
async function enrol(tenantId: string, nowMs: number): Promise<void> {
  if (await readSchedule(tenantId)) return;
  await transact(scheduleWrites(tenantId, undefined, nowMs));
}

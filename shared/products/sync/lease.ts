import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { getItem, putItem, updateItem, type Write } from '../../table/table.ts';
import { productKeys } from '../keys.ts';
import { noTrouble, SyncPosition } from './position.ts';

/** A lease not renewed within this time has expired. */
const leaseMs = 3 * 60_000;
/** Clocks differ: a message this early is on time. */
const toleranceMs = 5000;
/** A worker whose lease expired this long ago is dead. */
const deathGraceMs = 15_000;
/** A message this late may be lost; the wait doubles with each reminder. */
const firstPatienceMs = 60_000;
const maxDoublings = 5;

/** Another worker holds the lease, or the run is over. */
export class LostLease extends Error {
  override readonly name = 'LostLease';
}

/** The write that begins a run, unless the tenant has one that is not over. */
export const startWrite = (tenantId: string, position: SyncPosition): Write => ({
  put: {
    Item: { ...productKeys.syncLock(tenantId), ...position },
    ConditionExpression: 'attribute_not_exists(pk)',
  },
});

/** Where the tenant's run stands; undefined when there is none that is not over. */
export async function readPosition(tenantId: string): Promise<SyncPosition | undefined> {
  const item = await getItem(productKeys.syncLock(tenantId));
  return item && SyncPosition.parse(item);
}

/** What is wrong with a run that should have a worker by now: its worker, or the message for one. */
export function diagnose(
  { lease: { until_ms, resume_at_ms, expected_at_ms, reminders } }: SyncPosition,
  nowMs: number,
): 'worker_died' | 'message_missing' | undefined {
  // A released lease, or one that waits for a worker, is 0.
  if (until_ms > 0) return until_ms + deathGraceMs <= nowMs ? 'worker_died' : undefined;
  const patienceMs = firstPatienceMs * 2 ** Math.min(reminders, maxDoublings);
  const isMissing = Math.max(resume_at_ms, expected_at_ms) + patienceMs <= nowMs;
  return isMissing ? 'message_missing' : undefined;
}

/** How long it is until a worker may continue a run; 0 for at once. */
export function waitMsOf({ lease }: SyncPosition, nowMs: number): number {
  // Expired by the clock that made it, plus what other clocks may be behind.
  const heldMs = lease.until_ms > nowMs ? lease.until_ms + 1000 - nowMs : 0;
  return Math.max(0, heldMs, lease.resume_at_ms - nowMs);
}

/** Takes the lease of a run. Undefined when a worker has it, it must wait, or the run is over. */
export async function acquire(tenantId: string, runId: string): Promise<SyncPosition | undefined> {
  const nowMs = Date.now();
  try {
    const item = await updateItem({
      Key: productKeys.syncLock(tenantId),
      UpdateExpression:
        'SET lease.fence = lease.fence + :one, lease.until_ms = :until, lease.reminders = :zero',
      ConditionExpression:
        'run_id = :run AND lease.until_ms <= :now AND lease.resume_at_ms <= :soon',
      ExpressionAttributeValues: {
        ':one': 1,
        ':zero': 0,
        ':until': nowMs + leaseMs,
        ':run': runId,
        ':now': nowMs,
        ':soon': nowMs + toleranceMs,
      },
      ReturnValues: 'ALL_NEW',
    });
    return SyncPosition.parse(item);
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/**
 * Notes that another message is sent for a run without a worker, and shuts out one that died.
 * Returns false when a worker has come in between.
 */
export async function remind(
  tenantId: string,
  { run_id, lease }: SyncPosition,
  cause: 'worker_died' | 'message_missing',
): Promise<boolean> {
  const deaths = cause === 'worker_died' ? 1 : 0;
  try {
    await updateItem({
      Key: productKeys.syncLock(tenantId),
      UpdateExpression: 'SET lease = :next',
      ConditionExpression: 'run_id = :run AND lease.fence = :fence AND lease.until_ms = :until',
      ExpressionAttributeValues: {
        ':run': run_id,
        ':fence': lease.fence,
        ':until': lease.until_ms,
        ':next': {
          ...lease,
          fence: lease.fence + deaths,
          until_ms: 0,
          expected_at_ms: Date.now(),
          reminders: lease.reminders + 1,
          worker_deaths: lease.worker_deaths + deaths,
        },
      },
    });
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Whether the holder may still write what the fence does not guard. */
export const isSafelyHeld = ({ lease }: SyncPosition, nowMs: number): boolean =>
  lease.until_ms - leaseMs / 4 > nowMs;

/** Makes a step durable, renews the lease and resets the counts of trouble. Throws LostLease. */
export async function checkpoint(tenantId: string, position: SyncPosition): Promise<void> {
  const lease = { ...position.lease, ...noTrouble, until_ms: Date.now() + leaseMs };
  await orLost(() => putItem(positionWrite(tenantId, { ...position, lease }).put));
  // Only now: trouble with this write counts too.
  position.lease = lease;
}

/**
 * Releases the lease, for a worker that may come after `pauseMs`. Progress since the last checkpoint
 * is not kept: it is made again. Throws LostLease.
 */
export async function release(
  tenantId: string,
  position: SyncPosition,
  pauseMs: number,
): Promise<void> {
  const { ConditionExpression, ExpressionAttributeValues } = held(position);
  const { lease, progress, channel, started_at } = position;
  const comesAtMs = Date.now() + pauseMs;
  await orLost(() =>
    updateItem({
      Key: productKeys.syncLock(tenantId),
      UpdateExpression:
        'SET lease = :lease, progress.start_published = :published, channel.reading_since = :since',
      ConditionExpression,
      ExpressionAttributeValues: {
        ...ExpressionAttributeValues,
        ':lease': {
          ...lease,
          until_ms: 0,
          // 0 where no pause is wanted, so that no clock can be in the way.
          resume_at_ms: pauseMs > 0 ? comesAtMs : 0,
          expected_at_ms: comesAtMs,
        },
        ':published': progress.start_published,
        ':since': channel.reading_since ?? started_at,
      },
    }),
  );
}

async function orLost(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) throw new LostLease();
    throw error;
  }
}

/** The write that keeps a position, for its holder only. */
export const positionWrite = (tenantId: string, position: SyncPosition) => ({
  put: { Item: { ...productKeys.syncLock(tenantId), ...position }, ...held(position) },
});

/** The write that ends a run, for its holder only. */
export const endWrite = (tenantId: string, position: SyncPosition): Write => ({
  delete: { Key: productKeys.syncLock(tenantId), ...held(position) },
});

const held = ({ run_id, lease }: SyncPosition) => ({
  ConditionExpression: 'run_id = :run AND lease.fence = :fence',
  ExpressionAttributeValues: { ':run': run_id, ':fence': lease.fence },
});

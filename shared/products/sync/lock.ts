import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { ChannelName } from '../../channels/names.ts';
import { getItem, putItem, updateItem, type Write } from '../../table/table.ts';
import { productKeys } from '../keys.ts';
import { syncErrorCodes } from '../metrics.ts';

/** The lock dies with its holder: who has not renewed it for so long has lost it. */
const leaseMs = 3 * 60_000;
/** Clocks differ: a message that comes so little before its time is not too early. */
const toleranceMs = 5000;
/** A worker whose lease has been over for so long is dead. */
const deathGraceMs = 15_000;
/** A message that has not come for so long may be lost; waited for twice as long each time. */
const firstPatienceMs = 60_000;
const maxDoublings = 5;

export const MarketplaceError = z.object({
  marketplace: ChannelName,
  code: z.enum(syncErrorCodes),
  detail: z.string(),
});
export type MarketplaceError = z.infer<typeof MarketplaceError>;

/** Who holds the lock, and where the sync stands: each step is durable with one write of this item. */
export const SyncPosition = z.object({
  run_id: z.string(),
  /** Grows with every holder; what a former holder still writes is refused by it. */
  fence: z.number(),
  lease_until_ms: z.number(),
  /** No worker goes on before: the seller's marketplace wants a pause. 0 for at once. */
  resume_at_ms: z.number(),
  /** When the last message should have come. */
  expected_at_ms: z.number().default(0),
  /** Messages sent in its place since a worker last began. */
  reminders: z.number().default(0),
  started_at: z.string(),
  /** Whoever listens has been told that the run has begun. */
  start_published: z.boolean(),
  marketplaces: z.array(ChannelName),
  base_version: z.string().optional(),

  step: z.enum(['read', 'mark', 'apply', 'publish', 'announce']),
  /** Place of the marketplace that is read now, and where in its products. */
  marketplace: z.number(),
  cursor: z.string().optional(),
  phase: z.string(),
  processed: z.number(),
  total: z.number().optional(),
  /** Version of the credentials that the cursor belongs to. */
  credentials_version: z.string().optional(),
  /** Since when this marketplace is read. */
  reading_since: z.string().optional(),
  /** Pages of this marketplace with a product that no page had before, and pages without. */
  fresh_pages: z.number().default(0),
  stale_pages: z.number().default(0),
  /** What the marketplaces before this one have brought: what is left when this one fails. */
  processed_before: z.number(),
  created_before: z.number().default(0),
  changed_before: z.number().default(0),
  staged_before: z.number().default(0),
  /** Marketplaces that failed; their products stay as they were. */
  errors: z.array(MarketplaceError).default([]),
  /** Marketplaces that were without most of their products in the sync before, or are in this one. */
  suspected_incomplete: z.array(ChannelName).default([]),
  /** Which products of the base were seen: a compressed bitmap by ordinal. */
  seen: z.instanceof(Uint8Array).optional(),
  /** Rows in each segment of this run. */
  staged: z.array(z.number()),
  marked: z.number(),
  applied: z.number(),
  created: z.number(),
  changed: z.number(),
  missing: z.number(),
  low_stock_events: z.number(),
  /** Since the last step: tries that the seller's marketplace did not answer. */
  failures: z.number(),
  /** Since the last step: pauses for its limits. */
  waits: z.number().default(0),
  /** Since the last step: failures of ours. */
  interruptions: z.number().default(0),
  /** Since the last step: workers that died. */
  worker_deaths: z.number(),
});
export type SyncPosition = z.infer<typeof SyncPosition>;

/** Whether giving the run up still leaves the products as they were. */
export const isRevocable = ({ step }: SyncPosition): boolean => step === 'read' || step === 'mark';

/** Whether lists show what the run has brought. */
export const isPublished = ({ step }: SyncPosition): boolean => step === 'announce';

/** The marketplaces that have been read, or are being read, and have not failed. */
export const marketplacesRead = ({ marketplaces, errors }: SyncPosition) =>
  marketplaces.filter((name) => errors.every(({ marketplace }) => marketplace !== name));

/** Somebody else holds the lock now, or the run is over. */
export class LostLock extends Error {
  override readonly name = 'LostLock';
}

/** The position at the start of a run, and the write that creates the lock unless there is one. */
export function lockWrite(
  tenantId: string,
  start: Pick<
    SyncPosition,
    'run_id' | 'started_at' | 'marketplaces' | 'base_version' | 'suspected_incomplete'
  >,
  nowMs: number,
): Write {
  const position: SyncPosition = {
    ...start,
    fence: 0,
    lease_until_ms: 0,
    resume_at_ms: 0,
    expected_at_ms: nowMs,
    reminders: 0,
    start_published: false,
    step: 'read',
    marketplace: 0,
    phase: 'waiting',
    processed: 0,
    processed_before: 0,
    created_before: 0,
    changed_before: 0,
    staged_before: 0,
    fresh_pages: 0,
    stale_pages: 0,
    errors: [],
    staged: [],
    marked: 0,
    applied: 0,
    created: 0,
    changed: 0,
    missing: 0,
    low_stock_events: 0,
    failures: 0,
    waits: 0,
    interruptions: 0,
    worker_deaths: 0,
  };
  return {
    put: {
      Item: { ...productKeys.syncLock(tenantId), ...position },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}

export async function readLock(tenantId: string): Promise<SyncPosition | undefined> {
  const item = await getItem(productKeys.syncLock(tenantId));
  return item && SyncPosition.parse(item);
}

/** What is wrong with a run that should have a worker by now: its worker, or the message for one. */
export function diagnose(
  position: SyncPosition,
  nowMs: number,
): 'worker_died' | 'message_missing' | undefined {
  const { lease_until_ms, resume_at_ms, expected_at_ms, reminders } = position;
  // Whoever lets a run go, or has told a worker to come, sets the lease to 0.
  if (lease_until_ms > 0) return lease_until_ms + deathGraceMs <= nowMs ? 'worker_died' : undefined;
  const patienceMs = firstPatienceMs * 2 ** Math.min(reminders, maxDoublings);
  const isMissing = Math.max(resume_at_ms, expected_at_ms) + patienceMs <= nowMs;
  return isMissing ? 'message_missing' : undefined;
}

/** How long it is until a worker may go on with a run; 0 for at once. */
export function waitMsOf({ lease_until_ms, resume_at_ms }: SyncPosition, nowMs: number): number {
  // A lease that is over by the clock that made it must be over by every other.
  const leaseMs = lease_until_ms > nowMs ? lease_until_ms + 1000 - nowMs : 0;
  return Math.max(0, leaseMs, resume_at_ms - nowMs);
}

/** Takes the lock for a run. Undefined when another worker has it, it shall wait, or the run is over. */
export async function acquire(tenantId: string, runId: string): Promise<SyncPosition | undefined> {
  const nowMs = Date.now();
  try {
    const item = await updateItem({
      Key: productKeys.syncLock(tenantId),
      UpdateExpression: 'SET fence = fence + :one, lease_until_ms = :until, reminders = :zero',
      ConditionExpression: 'run_id = :run AND lease_until_ms <= :now AND resume_at_ms <= :soon',
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
 * Notes that another message is sent for a run that has no worker, and shuts out one that died.
 * Returns false when it has got one meanwhile.
 */
export async function remind(
  tenantId: string,
  position: SyncPosition,
  absence: 'worker_died' | 'message_missing',
): Promise<boolean> {
  const hasDied = absence === 'worker_died';
  const { run_id, fence, lease_until_ms, reminders, worker_deaths } = position;
  try {
    await updateItem({
      Key: productKeys.syncLock(tenantId),
      UpdateExpression:
        'SET fence = :next, lease_until_ms = :zero, expected_at_ms = :now, reminders = :reminders, worker_deaths = :worker_deaths',
      ConditionExpression: 'run_id = :run AND fence = :fence AND lease_until_ms = :lease',
      ExpressionAttributeValues: {
        ':run': run_id,
        ':fence': fence,
        ':lease': lease_until_ms,
        ':next': hasDied ? fence + 1 : fence,
        ':zero': 0,
        ':now': Date.now(),
        ':reminders': reminders + 1,
        ':worker_deaths': hasDied ? worker_deaths + 1 : worker_deaths,
      },
    });
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Whether the holder may still write what the fence does not guard. */
export const isSafelyHeld = (position: SyncPosition, nowMs: number): boolean =>
  position.lease_until_ms - leaseMs / 4 > nowMs;

/** Makes a step durable, renews the lock and counts failures anew. Throws LostLock. */
export async function checkpoint(tenantId: string, position: SyncPosition): Promise<void> {
  position.lease_until_ms = Date.now() + leaseMs;
  // Whoever goes on has got further.
  position.failures = 0;
  position.waits = 0;
  position.interruptions = 0;
  position.worker_deaths = 0;
  await orLost(() => putItem(positionWrite(tenantId, position).put));
}

/**
 * Lets the lock go, for a worker that may come after `pauseMs`. The durable position stays as it is
 * but for the counts of failures: what has happened in memory since is done again. Throws LostLock.
 */
export async function release(
  tenantId: string,
  position: SyncPosition,
  pauseMs: number,
): Promise<void> {
  const { ConditionExpression, ExpressionAttributeValues } = held(position);
  const comesAtMs = Date.now() + pauseMs;
  const { start_published, failures, waits, interruptions, started_at } = position;
  const { reading_since = started_at } = position;
  const kept = { start_published, reading_since, failures, waits, interruptions };
  await orLost(() =>
    updateItem({
      Key: productKeys.syncLock(tenantId),
      UpdateExpression: `SET lease_until_ms = :zero, resume_at_ms = :resume, expected_at_ms = :expected, ${Object.keys(
        kept,
      )
        .map((name) => `${name} = :${name}`)
        .join(', ')}`,
      ConditionExpression,
      ExpressionAttributeValues: {
        ...ExpressionAttributeValues,
        ':zero': 0,
        // Where no pause is wanted no clock can be in the way.
        ':resume': pauseMs > 0 ? comesAtMs : 0,
        ':expected': comesAtMs,
        ...Object.fromEntries(Object.entries(kept).map(([name, value]) => [`:${name}`, value])),
      },
    }),
  );
}

async function orLost(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) throw new LostLock();
    throw error;
  }
}

/** The write that keeps a position, for its holder only. */
export const positionWrite = (tenantId: string, position: SyncPosition) => ({
  put: { Item: { ...productKeys.syncLock(tenantId), ...position }, ...held(position) },
});

/** The write that ends the lock, for its holder only. */
export const unlockWrite = (tenantId: string, position: SyncPosition): Write => ({
  delete: { Key: productKeys.syncLock(tenantId), ...held(position) },
});

const held = ({ run_id, fence }: SyncPosition) => ({
  ConditionExpression: 'run_id = :run AND fence = :fence',
  ExpressionAttributeValues: { ':run': run_id, ':fence': fence },
});

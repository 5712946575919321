import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { MarketplaceType } from '../contract/schemas.ts';
import { keys } from '../table/keys.ts';
import { getItem, putItem, updateItem, type Write } from '../table/table.ts';

/** The lock dies with its holder: who has not renewed it for so long has lost it. */
const leaseMs = 3 * 60_000;
/** So long after a message was due its sync is taken for stuck. */
const graceMs = 60_000;

/** Who holds the lock, and where the sync stands: each step is durable with one write of this item. */
export const SyncPosition = z.object({
  run_id: z.string(),
  /** Grows with every holder; what a former holder still writes is refused by it. */
  fence: z.number(),
  lease_until_ms: z.number(),
  /** No worker goes on before: the seller's marketplace wants a pause. */
  resume_at_ms: z.number(),
  started_at: z.string(),
  /** Whoever listens has been told that the run has begun. */
  is_told: z.boolean(),
  marketplaces: z.array(MarketplaceType),
  base_version: z.string().optional(),

  step: z.enum(['read', 'mark', 'apply', 'publish', 'announce']),
  /** Place of the marketplace that is read now, and where in its products. */
  marketplace: z.number(),
  cursor: z.string().optional(),
  phase: z.string(),
  processed: z.number(),
  total: z.number().optional(),
  /** Products read of the marketplaces before this one. */
  processed_before: z.number(),
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
  /** Tries in a row that the seller's marketplace did not answer. */
  failures: z.number(),
  /** How often the run was found without a worker. */
  stalls: z.number(),
});
export type SyncPosition = z.infer<typeof SyncPosition>;

/** Somebody else holds the lock now, or the run is over. */
export class LostLock extends Error {
  override readonly name = 'LostLock';
}

/** The position at the start of a run, and the write that creates the lock unless there is one. */
export function lockWrite(
  tenantId: string,
  start: Pick<SyncPosition, 'run_id' | 'started_at' | 'marketplaces' | 'base_version'>,
  nowMs: number,
): Write {
  const position: SyncPosition = {
    ...start,
    fence: 0,
    lease_until_ms: 0,
    resume_at_ms: nowMs,
    is_told: false,
    step: 'read',
    marketplace: 0,
    phase: 'waiting',
    processed: 0,
    processed_before: 0,
    staged: [],
    marked: 0,
    applied: 0,
    created: 0,
    changed: 0,
    missing: 0,
    low_stock_events: 0,
    failures: 0,
    stalls: 0,
  };
  return {
    put: {
      Item: { ...keys.syncLock(tenantId), ...position },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}

export async function readLock(tenantId: string): Promise<SyncPosition | undefined> {
  const item = await getItem(keys.syncLock(tenantId));
  return item && SyncPosition.parse(item);
}

/** Whether the run should have a worker by now and has none. */
export function isStuck(position: SyncPosition, nowMs: number): boolean {
  return Math.max(position.lease_until_ms, position.resume_at_ms) + graceMs <= nowMs;
}

/** Takes the lock for a run. Undefined when another worker has it, it shall wait, or the run is over. */
export async function acquire(tenantId: string, runId: string): Promise<SyncPosition | undefined> {
  const nowMs = Date.now();
  try {
    const item = await updateItem({
      Key: keys.syncLock(tenantId),
      UpdateExpression: 'SET fence = fence + :one, lease_until_ms = :until',
      ConditionExpression: 'run_id = :run AND lease_until_ms <= :now AND resume_at_ms <= :now',
      ExpressionAttributeValues: {
        ':one': 1,
        ':until': nowMs + leaseMs,
        ':run': runId,
        ':now': nowMs,
      },
      ReturnValues: 'ALL_NEW',
    });
    return SyncPosition.parse(item);
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/** Whether the holder may still write what the fence does not guard. */
export const isSafelyHeld = (position: SyncPosition, nowMs: number): boolean =>
  position.lease_until_ms - leaseMs / 4 > nowMs;

/** Makes a step durable and renews the lock. Throws LostLock. */
export async function checkpoint(tenantId: string, position: SyncPosition): Promise<void> {
  position.lease_until_ms = Date.now() + leaseMs;
  await orLost(() => putItem(positionWrite(tenantId, position).put));
}

/**
 * Lets the lock go, for a worker that may come after `resumeAtMs`. The durable position stays as
 * it is: what has happened in memory since is done again. Throws LostLock.
 */
export async function release(
  tenantId: string,
  position: SyncPosition,
  resumeAtMs: number,
): Promise<void> {
  const { ConditionExpression, ExpressionAttributeValues } = held(position);
  await orLost(() =>
    updateItem({
      Key: keys.syncLock(tenantId),
      UpdateExpression:
        'SET lease_until_ms = :zero, resume_at_ms = :resume, failures = :failures, stalls = :stalls',
      ConditionExpression,
      ExpressionAttributeValues: {
        ...ExpressionAttributeValues,
        ':zero': 0,
        ':resume': resumeAtMs,
        ':failures': position.failures,
        ':stalls': position.stalls,
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
  put: { Item: { ...keys.syncLock(tenantId), ...position }, ...held(position) },
});

/** The write that ends the lock, for its holder only. */
export const unlockWrite = (tenantId: string, position: SyncPosition): Write => ({
  delete: { Key: keys.syncLock(tenantId), ...held(position) },
});

const held = ({ run_id, fence }: SyncPosition) => ({
  ConditionExpression: 'run_id = :run AND fence = :fence',
  ExpressionAttributeValues: { ':run': run_id, ':fence': fence },
});

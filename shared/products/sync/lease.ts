import { changes, when } from '../../table/changes.ts';
import { create, getItem, tryPut, tryUpdate, type Write } from '../../table/table.ts';
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
export const startWrite = (tenantId: string, position: SyncPosition): Write =>
  create({ ...productKeys.syncLock(tenantId), ...position });

/** Position of the tenant's current run; undefined when there is none. */
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
  const item = await tryUpdate({
    Key: productKeys.syncLock(tenantId),
    ...changes({
      set: { 'lease.until_ms': nowMs + leaseMs, 'lease.reminders': 0 },
      add: { 'lease.fence': 1 },
      if: [
        'run_id = :run AND lease.until_ms <= :now AND lease.resume_at_ms <= :soon',
        { run: runId, now: nowMs, soon: nowMs + toleranceMs },
      ],
    }),
    ReturnValues: 'ALL_NEW',
  });
  return item && SyncPosition.parse(item);
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
  const next = {
    ...lease,
    fence: lease.fence + deaths,
    until_ms: 0,
    expected_at_ms: Date.now(),
    reminders: lease.reminders + 1,
    worker_deaths: lease.worker_deaths + deaths,
  };
  const reminded = await tryUpdate({
    Key: productKeys.syncLock(tenantId),
    ...changes({
      set: { lease: next },
      if: [
        'run_id = :run AND lease.fence = :fence AND lease.until_ms = :until',
        { run: run_id, fence: lease.fence, until: lease.until_ms },
      ],
    }),
  });
  return reminded !== undefined;
}

/** Whether the holder may still write what the fence does not guard. */
export const isSafelyHeld = ({ lease }: SyncPosition, nowMs: number): boolean =>
  lease.until_ms - leaseMs / 4 > nowMs;

/** Makes a step durable, renews the lease and resets the counts of trouble. Throws LostLease. */
export async function checkpoint(tenantId: string, position: SyncPosition): Promise<void> {
  const lease = { ...position.lease, ...noTrouble, until_ms: Date.now() + leaseMs };
  if (!(await tryPut(positionWrite(tenantId, { ...position, lease }).put))) throw new LostLease();
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
  const { progress, channel, started_at } = position;
  const comesAtMs = Date.now() + pauseMs;
  const lease = {
    ...position.lease,
    until_ms: 0,
    // 0 where no pause is wanted, so that no clock can be in the way.
    resume_at_ms: pauseMs > 0 ? comesAtMs : 0,
    expected_at_ms: comesAtMs,
  };
  const released = await tryUpdate({
    Key: productKeys.syncLock(tenantId),
    ...changes({
      set: {
        lease,
        'progress.start_published': progress.start_published,
        'channel.reading_since': channel.reading_since ?? started_at,
      },
      if: held(position),
    }),
  });
  if (!released) throw new LostLease();
}

/** The write that keeps a position, for its holder only. */
export const positionWrite = (tenantId: string, position: SyncPosition) => ({
  put: { Item: { ...productKeys.syncLock(tenantId), ...position }, ...when(held(position)) },
});

/** The write that ends a run, for its holder only. */
export const endWrite = (tenantId: string, position: SyncPosition): Write => ({
  delete: { Key: productKeys.syncLock(tenantId), ...when(held(position)) },
});

const held = ({ run_id, lease }: SyncPosition) =>
  ['run_id = :run AND lease.fence = :fence', { run: run_id, fence: lease.fence }] as const;

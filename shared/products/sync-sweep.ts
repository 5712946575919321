import { AppError } from '../errors.ts';
import { logger } from '../observe.ts';
import { TenantItem } from '../table/items.ts';
import { keys } from '../table/keys.ts';
import { deleteItem, getItem, transact } from '../table/table.ts';
import { acquire, isStuck, readLock, release, type SyncPosition } from './sync-lock.ts';
import { recordSyncMetric } from './sync-metrics.ts';
import { startSync } from './sync-runs.ts';
import {
  type DueSync,
  dueKeyOf,
  dueSyncs,
  readSchedule,
  type Schedule,
  scheduleWrites,
  syncIntervalMs,
  unscheduleWrites,
  watchMs,
} from './sync-schedule.ts';
import type { SyncServices } from './sync-services.ts';
import { failRun } from './sync-worker.ts';

/** A run that was found without a worker so often is given up. */
const maxStalls = 3;

/**
 * Starts every sync that is due and gets those going again whose worker or message was lost. One
 * tenant's trouble does not keep the others waiting.
 */
export async function sweepDueSyncs(
  services: Pick<SyncServices, 'marketplaces' | 'send' | 'publish'>,
  remainingMs: () => number,
): Promise<void> {
  let count = 0;
  for await (const due of dueSyncs(Date.now())) {
    if (remainingMs() < 10_000) break;
    try {
      if (await look(due, services)) count += 1;
    } catch (error) {
      count += 1;
      logger.error('sync_not_swept', {
        tenant_id: due.tenant_id,
        error_message: error instanceof Error ? error.message : String(error),
      });
    }
  }
  recordSyncMetric('SyncsDue', count);
}

/** Whether the tenant's products should be on their way and nobody was at it. */
async function look(
  due: DueSync,
  services: Pick<SyncServices, 'marketplaces' | 'send' | 'publish'>,
): Promise<boolean> {
  const { tenant_id: tenantId } = due;
  const [schedule, lock, tenant] = await Promise.all([
    readSchedule(tenantId),
    readLock(tenantId),
    getItem(keys.tenant(tenantId)),
  ]);
  if (schedule?.due_at !== due.due_at) {
    await deleteItem({ Key: dueKeyOf(due) });
    return false;
  }
  if (!tenant) {
    await transact(unscheduleWrites(tenantId, schedule));
    return false;
  }
  const { status, plan } = TenantItem.parse(tenant);
  if (lock) return watch(tenantId, schedule, lock, services);
  if (status !== 'ACTIVE') {
    await move(tenantId, schedule, syncIntervalMs(plan));
    return false;
  }
  try {
    await startSync(tenantId, 'schedule', services);
    return true;
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'no_credentials')) throw error;
    // New credentials, or a sync that somebody starts, bring the tenant back.
    await transact(unscheduleWrites(tenantId, schedule));
    return false;
  }
}

async function move(tenantId: string, schedule: Schedule, afterMs: number): Promise<void> {
  await transact(scheduleWrites(tenantId, schedule, Date.now() + afterMs));
}

/**
 * Looks after a run that is not over: without a worker it gets a new message, or is given up.
 * Returns whether it was without one.
 */
async function watch(
  tenantId: string,
  schedule: Schedule,
  lock: SyncPosition,
  services: Pick<SyncServices, 'send' | 'publish'>,
): Promise<boolean> {
  await move(tenantId, schedule, watchMs);
  if (!isStuck(lock, Date.now())) return false;
  const held = await acquire(tenantId, lock.run_id);
  if (!held) return false;
  // What is published already only has to be told.
  const isHopeless = held.stalls >= maxStalls && held.step !== 'announce';
  if (isHopeless) {
    await failRun(tenantId, held, services, 'internal_error');
    return true;
  }
  held.stalls += 1;
  await release(tenantId, held, Date.now());
  await services.send({ tenant_id: tenantId, run_id: lock.run_id });
  return true;
}

import { AppError } from '../../contract/errors.ts';
import { logger, recordMetric } from '../../runtime/observe.ts';
import { deleteItem, getItem, transact } from '../../table/table.ts';
import { TenantItem } from '../../tenants/items.ts';
import { tenantKeys } from '../../tenants/keys.ts';
import { syncsDue, syncsStuck } from '../metrics.ts';
import { FailedSync } from './failure.ts';
import { acquire, diagnose, isRevocable, readLock, remind, type SyncPosition } from './lock.ts';
import { startSync } from './runs.ts';
import {
  type DueSync,
  dueKeyOf,
  dueSyncs,
  readSchedule,
  type Schedule,
  scheduleWrites,
  syncIntervalMs,
  unscheduleWrites,
} from './schedule.ts';
import type { SyncPorts } from './sync-ports.ts';
import { failRun } from './worker.ts';

/** A run of which so many workers died without a step further is given up. */
const maxWorkerDeaths = 3;
/** A run that still waits for a worker after so long is given up. */
const maxRunMs = 36 * 3_600_000;

/**
 * Starts every sync that is due and gets those going again whose worker or message was lost. One
 * tenant's trouble does not keep the others waiting.
 */
export async function sweepDueSyncs(
  ports: Pick<SyncPorts, 'marketplaces' | 'send' | 'publish'>,
  remainingMs: () => number,
): Promise<void> {
  let count = 0;
  for await (const due of dueSyncs(Date.now())) {
    if (remainingMs() < 10_000) break;
    try {
      if (await look(due, ports)) count += 1;
    } catch (error) {
      count += 1;
      logger.error('sync_not_swept', {
        tenant_id: due.tenant_id,
        error_message: error instanceof Error ? error.message : String(error),
      });
    }
  }
  recordMetric(syncsDue, count);
}

/** Whether the tenant's products should be on their way and nobody was at it. */
async function look(
  due: DueSync,
  ports: Pick<SyncPorts, 'marketplaces' | 'send' | 'publish'>,
): Promise<boolean> {
  const { tenant_id: tenantId } = due;
  const [schedule, lock, tenant] = await Promise.all([
    readSchedule(tenantId),
    readLock(tenantId),
    getItem(tenantKeys.tenant(tenantId)),
  ]);
  if (schedule?.due_at !== due.due_at) {
    await deleteItem({ Key: dueKeyOf(due) });
    return false;
  }
  if (lock) return watch(tenantId, lock, ports);
  if (!tenant) {
    await transact(unscheduleWrites(tenantId, schedule));
    return false;
  }
  const { status, plan } = TenantItem.parse(tenant);
  if (status !== 'ACTIVE') {
    await move(tenantId, schedule, syncIntervalMs(plan));
    return false;
  }
  try {
    await startSync(tenantId, 'schedule', ports);
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
 * Looks after a run that is not over: one without a worker gets another message, or is given up.
 * Its entry stays due until it ends. Returns whether it was without one.
 */
async function watch(
  tenantId: string,
  lock: SyncPosition,
  ports: Pick<SyncPorts, 'send' | 'publish'>,
): Promise<boolean> {
  const nowMs = Date.now();
  const absence = diagnose(lock, nowMs);
  if (!absence) return false;
  const isOld = Date.parse(lock.started_at) + maxRunMs <= nowMs;
  const isHopeless = isOld || lock.worker_deaths >= maxWorkerDeaths;
  if (isHopeless && !isRevocable(lock)) recordMetric(syncsStuck, 1);
  if (isHopeless && isRevocable(lock)) {
    const held = await acquire(tenantId, lock.run_id);
    if (held) await failRun(tenantId, held, ports, new FailedSync('internal_error'));
  } else if (await remind(tenantId, lock, absence)) {
    await ports.send({ tenant_id: tenantId, run_id: lock.run_id });
  }
  return true;
}

import { AppError } from '../../contract/errors.ts';
import { logger } from '../../runtime/logger.ts';
import { recordMetric } from '../../runtime/metrics.ts';
import { deleteItem, getItem, transact } from '../../table/table.ts';
import { TenantItem } from '../../tenants/items.ts';
import { tenantKeys } from '../../tenants/keys.ts';
import { syncsDue, syncsStuck } from '../metrics.ts';
import { failRun } from './end.ts';
import { FailedSync } from './failure.ts';
import { acquire, diagnose, readPosition, remind } from './lease.ts';
import type { SyncPorts } from './ports.ts';
import { isRevocable, type SyncPosition } from './position.ts';
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
import { startSync } from './start.ts';

/** A run is given up after this many deaths of workers without a step in between. */
const maxWorkerDeaths = 3;
/** A run that still waits for a worker after this time is given up. */
const maxRunMs = 36 * 3_600_000;

/**
 * Starts every sync that is due, and restarts runs whose worker or message was lost. One tenant's
 * failure does not delay the others.
 */
export async function sweepDueSyncs(
  ports: Pick<SyncPorts, 'channels' | 'send' | 'publish'>,
  remainingMs: () => number,
): Promise<void> {
  let count = 0;
  for await (const due of dueSyncs(Date.now())) {
    if (remainingMs() < 10_000) break;
    try {
      if (await processDue(due, ports)) count += 1;
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

/** Starts the tenant's sync or supervises its run. Returns whether there was something to do. */
async function processDue(
  due: DueSync,
  ports: Pick<SyncPorts, 'channels' | 'send' | 'publish'>,
): Promise<boolean> {
  const { tenant_id: tenantId } = due;
  const [schedule, position, tenant] = await Promise.all([
    readSchedule(tenantId),
    readPosition(tenantId),
    getItem(tenantKeys.tenant(tenantId)),
  ]);
  if (schedule?.due_at !== due.due_at) {
    await deleteItem({ Key: dueKeyOf(due) });
    return false;
  }
  if (position) return superviseRun(tenantId, position, ports);
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
    // New credentials, or a sync started by hand, put the tenant back on the schedule.
    await transact(unscheduleWrites(tenantId, schedule));
    return false;
  }
}

async function move(tenantId: string, schedule: Schedule, afterMs: number): Promise<void> {
  await transact(scheduleWrites(tenantId, schedule, Date.now() + afterMs));
}

/**
 * Sends another message for a run without a worker, or gives it up. Its entry stays due until it
 * ends. Returns whether it was without a worker.
 */
async function superviseRun(
  tenantId: string,
  position: SyncPosition,
  ports: Pick<SyncPorts, 'send' | 'publish'>,
): Promise<boolean> {
  const nowMs = Date.now();
  const cause = diagnose(position, nowMs);
  if (!cause) return false;
  const { run_id, started_at, lease } = position;
  const isOld = Date.parse(started_at) + maxRunMs <= nowMs;
  const isHopeless = isOld || lease.worker_deaths >= maxWorkerDeaths;
  if (isHopeless && !isRevocable(position)) recordMetric(syncsStuck, 1);
  if (isHopeless && isRevocable(position)) {
    const held = await acquire(tenantId, run_id);
    if (held) await failRun(tenantId, held, ports, new FailedSync('internal_error'));
  } else if (await remind(tenantId, position, cause)) {
    await ports.send({ tenant_id: tenantId, run_id });
  }
  return true;
}

import { busy } from '../../contract/core-errors.ts';
import { AppError } from '../../contract/errors.ts';
import { logger } from '../../runtime/logger.ts';
import { recordMetric } from '../../runtime/metrics.ts';
import { changes } from '../../table/changes.ts';
import { getItem, transact, type Write } from '../../table/table.ts';
import { TenantItem } from '../../tenants/items.ts';
import { tenantKeys } from '../../tenants/keys.ts';
import { syncCompleted, syncFailed } from '../events.ts';
import { productKeys } from '../keys.ts';
import { syncDuration, syncedProducts, syncsCompleted, syncsFailed } from '../metrics.ts';
import { discardStaged } from './clean-up.ts';
import type { FailedSync } from './failure.ts';
import { endWrite, LostLease } from './lease.ts';
import type { SyncPorts } from './ports.ts';
import { channelsRead, isPublished, type SyncPosition } from './position.ts';
import type { SyncError } from './runs.ts';
import { nextSyncMs, readSchedule, scheduleWrites, unscheduleWrites } from './schedule.ts';

/** How a run ends: the tenant that is left, and what failed. */
interface Ending {
  tenant: Pick<TenantItem, 'plan'> | undefined;
  errors: readonly SyncError[];
}

/** Publishes the end of a run and ends it. The caller holds the lease. Throws LostLease. */
export async function endRun(
  tenantId: string,
  position: SyncPosition,
  ports: Pick<SyncPorts, 'publish'>,
  ending: Ending,
): Promise<void> {
  const { run_id: task_id, started_at } = position;
  const outcome = outcomeOf(position);
  const nowMs = Date.now();
  const at = new Date(nowMs).toISOString();
  const duration_ms = nowMs - Date.parse(started_at);
  const { errors } = ending;
  const [error] = errors;
  const synced = isPublished(position) ? channelsRead(position) : [];
  await ports.publish(
    tenantId,
    error
      ? {
          kind: syncFailed,
          data: { task_id, error, errors, synced, ...outcome, failed_at: at },
        }
      : { kind: syncCompleted, data: { task_id, ...outcome, duration_ms, completed_at: at } },
  );
  await storeEnd(tenantId, position, ending, nowMs);
  if (error) {
    const { code, marketplace } = error;
    logger.warn('sync_failed', { code, marketplace, errors: errors.length, ...outcome });
    recordMetric(syncsFailed, 1, { reason: code });
    return;
  }
  logger.info('sync_completed', outcome);
  recordMetric(syncsCompleted, 1);
  recordMetric(syncDuration, duration_ms);
  recordMetric(syncedProducts, outcome.processed);
}

/**
 * Ends a run without keeping anything of it: for its own reason, or because all channels have
 * failed. The caller holds the lease. Throws LostLease.
 */
export async function failRun(
  tenantId: string,
  position: SyncPosition,
  ports: Pick<SyncPorts, 'publish'>,
  { code, message: detail }: FailedSync,
): Promise<void> {
  const { errors } = position.progress;
  const haveAllFailed = errors.length === position.channels.length;
  const own = haveAllFailed ? [] : [{ marketplace: null, code, detail }];
  await discardStaged(tenantId, position);
  const item = await getItem(tenantKeys.tenant(tenantId));
  const tenant = item && TenantItem.parse(item);
  await endRun(tenantId, position, ports, { tenant, errors: [...own, ...errors] });
}

const maxAttempts = 5;

/**
 * Writes the outcome, the end of the lease and the next due time in one transaction. Of a tenant
 * that is gone nothing is kept. Throws LostLease.
 */
async function storeEnd(
  tenantId: string,
  position: SyncPosition,
  { tenant, errors }: Ending,
  nowMs: number,
): Promise<void> {
  let isGone = tenant === undefined;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const schedule = await readSchedule(tenantId);
    const dueAtMs = nextSyncMs(tenant?.plan ?? null, position.run_id, nowMs);
    const kept = [
      outcomeWrite(tenantId, position, nowMs, errors),
      ...scheduleWrites(tenantId, schedule, dueAtMs),
    ];
    const dropped = schedule ? unscheduleWrites(tenantId, schedule) : [];
    const failed = await transact([endWrite(tenantId, position), ...(isGone ? dropped : kept)]);
    if (!failed) return;
    const [hasLostLease, hasNoRun] = failed;
    if (hasLostLease) throw new LostLease();
    // Else the schedule has moved since it was read.
    if (!isGone && hasNoRun) isGone = true;
  }
  throw new AppError(busy, { headers: { 'retry-after': '1' } });
}

/** What a run has brought. Of one that was not published nothing is taken over. */
function outcomeOf(position: SyncPosition) {
  const { processed, created, changed, missing } = position.progress;
  return isPublished(position)
    ? { processed, created, changed, missing }
    : { processed, created: 0, changed: 0, missing: 0 };
}

function outcomeWrite(
  tenantId: string,
  position: SyncPosition,
  nowMs: number,
  errors: readonly SyncError[],
): Write {
  const [error] = errors;
  const outcome = {
    status: error ? 'failed' : 'completed',
    completed_at: new Date(nowMs).toISOString(),
    total: position.progress.total,
    ...outcomeOf(position),
    ...(error && { error, errors }),
    suspected_incomplete: position.progress.suspected_incomplete,
  };
  return {
    update: {
      Key: productKeys.syncRun(tenantId, position.run_id),
      ...changes({ set: outcome, if: 'attribute_exists(pk)' }),
    },
  };
}

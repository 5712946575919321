import { ChannelError } from '../../channels/adapter.ts';
import { logger, recordMetric } from '../../runtime/observe.ts';
import { maxDelaySeconds } from '../../runtime/queues.ts';
import { getItem, updateItem } from '../../table/table.ts';
import { TenantItem } from '../../tenants/items.ts';
import { tenantKeys } from '../../tenants/keys.ts';
import { syncCompleted, syncFailed, syncStarted } from '../events.ts';
import {
  syncDuration,
  syncedProducts,
  syncsCompleted,
  syncsFailed,
  syncsStuck,
} from '../metrics.ts';
import { FailedSync } from './failure.ts';
import { SyncJob } from './job.ts';
import {
  acquire,
  isPublished,
  isRevocable,
  LostLock,
  marketplacesRead,
  readLock,
  release,
  type SyncPosition,
  waitMsOf,
} from './lock.ts';
import { readNextPage } from './reading.ts';
import { beginWrite, endRun, outcomeOf, type SyncError } from './runs.ts';
import { applySegment, deleteObsolete, discardStaged, markMissing, publish } from './steps.ts';
import type { SyncMessage, SyncPorts } from './sync-ports.ts';

/** A step is begun only with this much of the function's time left. */
const reserveMs = 150_000;
/** Failures of ours in a row after which a run is given up. */
const maxInterruptions = 6;
/** Pauses between tries that bring nothing: half a minute, doubled each time, up to what SQS holds back. */
const firstPauseMs = 30_000;
const maxPauseMs = maxDelaySeconds * 1000;

/**
 * Goes on with a run from where it stands, as far as the time of this call goes, then lets the next
 * call have it. Another worker's run, or one that is over, is left alone. Whatever goes wrong, the
 * run is over afterwards or somebody comes for it.
 */
export async function advanceSync(
  message: SyncMessage,
  ports: SyncPorts,
  remainingMs: () => number,
): Promise<void> {
  const { tenant_id: tenantId, run_id: runId } = message;
  logger.appendKeys({ tenant_id: tenantId, run_id: runId });
  const position = await acquire(tenantId, runId);
  if (!position) return requeue(message, ports);
  try {
    await advance(tenantId, position, ports, remainingMs).catch((error) =>
      onError(tenantId, position, ports, error),
    );
  } catch (error) {
    if (error instanceof LostLock) return logger.info('sync_lock_lost');
    logInterruption(error, position);
    // Not even the lock could be let go: it ends by itself.
    await ports.send(message, Math.ceil(waitMsOf(position, Date.now()) / 1000));
  }
}

/** A message that came before its time must not be the last one. */
async function requeue(message: SyncMessage, ports: SyncPorts): Promise<void> {
  const lock = await readLock(message.tenant_id);
  const nowMs = Date.now();
  if (lock?.run_id !== message.run_id || lock.lease_until_ms > nowMs) return;
  const waitMs = waitMsOf(lock, nowMs);
  if (waitMs > 0) await ports.send(message, Math.ceil(waitMs / 1000));
}

async function advance(
  tenantId: string,
  position: SyncPosition,
  ports: SyncPorts,
  remainingMs: () => number,
): Promise<void> {
  const tenant = await begin(tenantId, position, ports);
  if (position.step !== 'announce') {
    let job = await SyncJob.open(tenantId, position);
    do {
      if (job.isOutdated) job = await SyncJob.open(tenantId, position);
      await step(job, ports);
    } while (!isPublished(position) && remainingMs() > reserveMs);
  }
  if (isPublished(position)) await complete(tenantId, position, ports, tenant);
  else await pause(tenantId, position, ports, 0);
}

/** The tenant, which must be active; whoever listens is told of the start. */
async function begin(
  tenantId: string,
  position: SyncPosition,
  ports: SyncPorts,
): Promise<TenantItem> {
  const item = await getItem(tenantKeys.tenant(tenantId));
  const tenant = item && TenantItem.parse(item);
  // What has begun to be saved is saved to its end.
  const isReading = position.step === 'read';
  if (!tenant || (isReading && tenant.status !== 'ACTIVE'))
    throw new FailedSync('tenant_not_active');
  if (!position.start_published) {
    await ports.publish(tenantId, {
      kind: syncStarted,
      data: {
        task_id: position.run_id,
        marketplaces: position.marketplaces,
        started_at: position.started_at,
      },
    });
    await updateItem(beginWrite(tenantId, position.run_id));
    position.start_published = true;
    position.reading_since = new Date().toISOString();
  }
  return tenant;
}

const syncedBy = (position: SyncPosition) =>
  isPublished(position) ? marketplacesRead(position) : [];

/** Makes one durable step. */
async function step(job: SyncJob, ports: SyncPorts): Promise<void> {
  switch (job.position.step) {
    case 'read':
      return readNextPage(job, ports);
    case 'mark':
      return markMissing(job);
    case 'apply':
      return applySegment(job, ports);
    default:
      return publish(job);
  }
}

async function complete(
  tenantId: string,
  position: SyncPosition,
  ports: SyncPorts,
  tenant: TenantItem,
): Promise<void> {
  await deleteObsolete(tenantId, position);
  await end(tenantId, position, ports, { tenant, errors: position.errors });
}

/** Tells of the end of a run and ends it. The caller holds the lock. Throws LostLock. */
async function end(
  tenantId: string,
  position: SyncPosition,
  ports: Pick<SyncPorts, 'publish'>,
  { tenant, errors }: { tenant: TenantItem | undefined; errors: readonly SyncError[] },
): Promise<void> {
  const { run_id: task_id, started_at } = position;
  const figures = outcomeOf(position);
  const nowMs = Date.now();
  const at = new Date(nowMs).toISOString();
  const duration_ms = nowMs - Date.parse(started_at);
  const [error] = errors;
  await ports.publish(
    tenantId,
    error
      ? {
          kind: syncFailed,
          data: { task_id, error, errors, synced: syncedBy(position), ...figures, failed_at: at },
        }
      : {
          kind: syncCompleted,
          data: { task_id, ...figures, duration_ms, completed_at: at },
        },
  );
  await endRun(tenantId, position, { tenant, errors, nowMs });
  if (error) {
    const { code, marketplace } = error;
    logger.warn('sync_failed', { code, marketplace, errors: errors.length, ...figures });
    recordMetric(syncsFailed, 1, { reason: code });
    return;
  }
  logger.info('sync_completed', figures);
  recordMetric(syncsCompleted, 1);
  recordMetric(syncDuration, duration_ms);
  recordMetric(syncedProducts, figures.processed);
}

async function pause(
  tenantId: string,
  position: SyncPosition,
  ports: SyncPorts,
  pauseMs: number,
): Promise<void> {
  const delaySeconds = Math.ceil(Math.min(pauseMs, maxPauseMs) / 1000);
  await release(tenantId, position, delaySeconds * 1000);
  await ports.send({ tenant_id: tenantId, run_id: position.run_id }, delaySeconds);
}

const growing = (firstMs: number, count: number) =>
  Math.min(maxPauseMs, firstMs * 2 ** (count - 1));

/** Lets the run pause, or ends it. Throws what keeps it from either. */
async function onError(
  tenantId: string,
  position: SyncPosition,
  ports: SyncPorts,
  error: unknown,
): Promise<void> {
  if (error instanceof LostLock) throw error;
  if (error instanceof ChannelError && error.code === 'rate_limited') {
    position.waits += 1;
    const askedMs = error.retryAfterMs ?? firstPauseMs;
    return pause(tenantId, position, ports, Math.max(askedMs, growing(1000, position.waits)));
  }
  if (error instanceof ChannelError && error.code === 'unavailable') {
    position.failures += 1;
    return pause(tenantId, position, ports, growing(firstPauseMs, position.failures));
  }
  if (error instanceof FailedSync) return failRun(tenantId, position, ports, error);
  position.interruptions += 1;
  logInterruption(error, position);
  if (position.interruptions >= maxInterruptions) {
    if (isRevocable(position))
      return failRun(tenantId, position, ports, new FailedSync('internal_error'));
    recordMetric(syncsStuck, 1);
  }
  // What has begun to be saved is saved to its end, however long that takes.
  await pause(tenantId, position, ports, growing(firstPauseMs, position.interruptions));
}

function logInterruption(error: unknown, { step: during, interruptions }: SyncPosition): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  logger.error('sync_interrupted', {
    step: during,
    interruptions,
    error_name: name,
    error_message: message,
    stack,
  });
}

/**
 * Ends a run without taking over anything of it: for a reason of its own, or since all marketplaces
 * have failed. The caller holds the lock. Throws LostLock.
 */
export async function failRun(
  tenantId: string,
  position: SyncPosition,
  ports: Pick<SyncPorts, 'publish'>,
  { code, message: detail }: FailedSync,
): Promise<void> {
  const haveAllFailed = position.errors.length === position.marketplaces.length;
  const own = haveAllFailed ? [] : [{ marketplace: null, code, detail }];
  await discardStaged(tenantId, position);
  const item = await getItem(tenantKeys.tenant(tenantId));
  const tenant = item && TenantItem.parse(item);
  await end(tenantId, position, ports, { tenant, errors: [...own, ...position.errors] });
}

import { ChannelError } from '../../channels/adapter.ts';
import { logger } from '../../runtime/logger.ts';
import { recordMetric } from '../../runtime/metrics.ts';
import { maxDelaySeconds } from '../../runtime/queues.ts';
import { getItem } from '../../table/table.ts';
import { TenantItem } from '../../tenants/items.ts';
import { tenantKeys } from '../../tenants/keys.ts';
import { syncStarted } from '../events.ts';
import { syncsStuck } from '../metrics.ts';
import { applySegment } from './apply.ts';
import { deleteObsolete } from './clean-up.ts';
import { endRun, failRun } from './end.ts';
import { FailedSync } from './failure.ts';
import { SyncJob } from './job.ts';
import { acquire, LostLease, readPosition, release, waitMsOf } from './lease.ts';
import { markMissing } from './mark.ts';
import type { SyncMessage, SyncPorts } from './ports.ts';
import { isPublished, isRevocable, type SyncPosition } from './position.ts';
import { publish } from './publish.ts';
import { readNextPage } from './read-channel.ts';
import { noteBegun } from './runs.ts';

/** A step is begun only with this much of the function's time left. */
const reserveMs = 150_000;
/** Failures of ours in a row after which a run is given up. */
const maxInterruptions = 6;
/** Pause after a try without progress: half a minute, doubled each time, up to the maximum delay of SQS. */
const firstPauseMs = 30_000;
const maxPauseMs = maxDelaySeconds * 1000;

/**
 * Continues a run from its position until the time of this call is used up, then passes it to the
 * next call. A run of another worker, or one that is over, is left alone. After any failure the run
 * is over or another message is on its way.
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
    if (error instanceof LostLease) return logger.info('sync_lease_lost');
    logInterruption(error, position);
    // The lease could not be released: it expires.
    await ports.send(message, Math.ceil(waitMsOf(position, Date.now()) / 1000));
  }
}

/** A message that came before its time must not be the last one. */
async function requeue(message: SyncMessage, ports: SyncPorts): Promise<void> {
  const position = await readPosition(message.tenant_id);
  const nowMs = Date.now();
  if (position?.run_id !== message.run_id || position.lease.until_ms > nowMs) return;
  const waitMs = waitMsOf(position, nowMs);
  if (waitMs > 0) await ports.send(message, Math.ceil(waitMs / 1000));
}

async function advance(
  tenantId: string,
  position: SyncPosition,
  ports: SyncPorts,
  remainingMs: () => number,
): Promise<void> {
  const tenant = await begin(tenantId, position, ports);
  if (!isPublished(position)) {
    let job = await SyncJob.open(tenantId, position);
    do {
      if (job.isOutdated) job = await SyncJob.open(tenantId, position);
      await step(job, ports);
    } while (!isPublished(position) && remainingMs() > reserveMs);
  }
  if (isPublished(position)) await complete(tenantId, position, ports, tenant);
  else await pause(tenantId, position, ports, 0);
}

/** Publishes the start of the run, once. Returns the tenant, which must be active. */
async function begin(
  tenantId: string,
  position: SyncPosition,
  ports: SyncPorts,
): Promise<TenantItem> {
  const item = await getItem(tenantKeys.tenant(tenantId));
  const tenant = item && TenantItem.parse(item);
  const { progress, channel, run_id, started_at } = position;
  // Products that have begun to be saved are saved to the end.
  const isReading = progress.step === 'read';
  if (!tenant || (isReading && tenant.status !== 'ACTIVE'))
    throw new FailedSync('tenant_not_active');
  if (!progress.start_published) {
    await ports.publish(tenantId, {
      kind: syncStarted,
      data: { task_id: run_id, marketplaces: position.channels, started_at },
    });
    await noteBegun(tenantId, run_id);
    progress.start_published = true;
    channel.reading_since = new Date().toISOString();
  }
  return tenant;
}

/** Makes one durable step. */
async function step(job: SyncJob, ports: SyncPorts): Promise<void> {
  switch (job.position.progress.step) {
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
  await endRun(tenantId, position, ports, { tenant, errors: position.progress.errors });
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

/** Pauses the run or ends it. Throws what prevents both. */
async function onError(
  tenantId: string,
  position: SyncPosition,
  ports: SyncPorts,
  error: unknown,
): Promise<void> {
  if (error instanceof LostLease) throw error;
  const { lease } = position;
  if (error instanceof ChannelError && error.code === 'rate_limited') {
    lease.waits += 1;
    const askedMs = error.retryAfterMs ?? firstPauseMs;
    return pause(tenantId, position, ports, Math.max(askedMs, growing(1000, lease.waits)));
  }
  if (error instanceof ChannelError && error.code === 'unavailable') {
    lease.unanswered_tries += 1;
    return pause(tenantId, position, ports, growing(firstPauseMs, lease.unanswered_tries));
  }
  if (error instanceof FailedSync) return failRun(tenantId, position, ports, error);
  lease.interruptions += 1;
  logInterruption(error, position);
  if (lease.interruptions >= maxInterruptions) {
    if (isRevocable(position))
      return failRun(tenantId, position, ports, new FailedSync('internal_error'));
    recordMetric(syncsStuck, 1);
  }
  // Products that have begun to be saved are saved to the end, however long that takes.
  await pause(tenantId, position, ports, growing(firstPauseMs, lease.interruptions));
}

function logInterruption(error: unknown, { progress, lease }: SyncPosition): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  logger.error('sync_interrupted', {
    step: progress.step,
    interruptions: lease.interruptions,
    error_name: name,
    error_message: message,
    stack,
  });
}

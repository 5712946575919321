import type { SyncErrorCode } from '../contract/products-metrics.ts';
import { AppError } from '../errors.ts';
import { logger } from '../observe.ts';
import { SellerError } from '../sellers/seller.ts';
import { TenantItem } from '../table/items.ts';
import { keys } from '../table/keys.ts';
import { getItem, updateItem } from '../table/table.ts';
import { SyncJob } from './sync-job.ts';
import { acquire, LostLock, release, type SyncPosition } from './sync-lock.ts';
import { recordSyncMetric } from './sync-metrics.ts';
import { beginWrite, endRun } from './sync-runs.ts';
import type { SyncMessage, SyncServices } from './sync-services.ts';
import {
  applySegment,
  deleteObsolete,
  discardStaged,
  IncompleteAnswer,
  markMissing,
  publish,
  readNextPage,
} from './sync-steps.ts';

/** A step is begun only with this much of the function's time left. */
const reserveMs = 150_000;
const maxFailures = 6;
/** Pauses between tries while the seller's marketplace does not answer: half a minute, doubled each time. */
const firstPauseMs = 30_000;
const maxDelaySeconds = 900;

/** Why a run fails, and what people read about it. */
const details: Record<SyncErrorCode, string> = {
  wrong_key: 'The seller marketplace does not accept the saved key. Save a new one.',
  wrong_scope: 'The saved key may not read products. Save one with the categories or role for it.',
  seller_unavailable: 'The seller marketplace did not answer. The next sync tries again.',
  malformed_answer: 'The seller marketplace answered with something that is not documented.',
  incomplete_answer: 'The seller marketplace handed out fewer products than it said it has.',
  no_credentials: 'The credentials were deleted while the sync was running.',
  tenant_not_active: 'The subscription of this tenant is not active.',
  internal_error: 'The sync was given up after several interruptions on our side.',
};

/**
 * Goes on with a run from where it stands, as far as the time of this call goes, then lets the next
 * call have it. Another worker's run, or one that is over, is left alone. A failed run leaves the
 * products as they were.
 */
export async function advanceSync(
  { tenant_id: tenantId, run_id: runId }: SyncMessage,
  services: SyncServices,
  remainingMs: () => number,
): Promise<void> {
  logger.appendKeys({ tenant_id: tenantId, run_id: runId });
  const position = await acquire(tenantId, runId);
  if (!position) return;
  try {
    const plan = await begin(tenantId, position, services);
    if (position.step !== 'announce') {
      const job = await SyncJob.open(tenantId, position);
      do await step(job, services);
      while (!isPublished(position) && remainingMs() > reserveMs);
    }
    if (isPublished(position)) await complete(tenantId, position, services, plan);
    else await pause(tenantId, position, services, 0);
  } catch (error) {
    await onError(tenantId, position, services, error);
  }
}

/** The tenant must be active, with a plan from here on; whoever listens is told of the start. */
async function begin(
  tenantId: string,
  position: SyncPosition,
  services: SyncServices,
): Promise<TenantItem['plan']> {
  const item = await getItem(keys.tenant(tenantId));
  const tenant = item && TenantItem.parse(item);
  // What has begun to be saved is saved to its end.
  const isReading = position.step === 'read';
  if (!tenant || (isReading && tenant.status !== 'ACTIVE'))
    throw new FailedSync('tenant_not_active');
  if (!position.is_told) {
    await services.publish(tenantId, {
      type: 'sync.started',
      data: {
        task_id: position.run_id,
        marketplaces: position.marketplaces,
        started_at: position.started_at,
      },
    });
    await updateItem(beginWrite(tenantId, position.run_id));
    position.is_told = true;
  }
  return tenant.plan;
}

class FailedSync extends Error {
  override readonly name = 'FailedSync';
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode) {
    super(details[code]);
    this.code = code;
  }
}

const isPublished = ({ step }: SyncPosition): boolean => step === 'announce';

/** Makes one durable step. */
async function step(job: SyncJob, services: SyncServices): Promise<void> {
  switch (job.position.step) {
    case 'read':
      return readNextPage(job, services);
    case 'mark':
      return markMissing(job);
    case 'apply':
      return applySegment(job, services);
    default:
      return publish(job);
  }
}

async function complete(
  tenantId: string,
  position: SyncPosition,
  services: SyncServices,
  plan: TenantItem['plan'],
): Promise<void> {
  const { run_id, processed, created, changed, missing, started_at } = position;
  const nowMs = Date.now();
  await deleteObsolete(tenantId, position);
  await services.publish(tenantId, {
    type: 'sync.completed',
    data: {
      task_id: run_id,
      processed,
      created,
      changed,
      missing,
      duration_ms: nowMs - Date.parse(started_at),
      completed_at: new Date(nowMs).toISOString(),
    },
  });
  if (!(await endRun(tenantId, position, plan))) throw new LostLock();
  logger.info('sync_completed', { processed, created, changed, missing });
  recordSyncMetric('SyncsCompleted', 1);
  recordSyncMetric('SyncDuration', nowMs - Date.parse(started_at));
  recordSyncMetric('SyncedProducts', processed);
}

async function pause(
  tenantId: string,
  position: SyncPosition,
  services: SyncServices,
  pauseMs: number,
): Promise<void> {
  const delaySeconds = Math.min(maxDelaySeconds, Math.ceil(pauseMs / 1000));
  await release(tenantId, position, Date.now() + delaySeconds * 1000);
  await services.send({ tenant_id: tenantId, run_id: position.run_id }, delaySeconds);
}

async function onError(
  tenantId: string,
  position: SyncPosition,
  services: SyncServices,
  error: unknown,
): Promise<void> {
  if (error instanceof LostLock) return logger.info('sync_lock_lost');
  if (error instanceof SellerError && error.code === 'rate_limited')
    return pause(tenantId, position, services, error.retryAfterMs ?? firstPauseMs);
  if (error instanceof SellerError && error.code === 'unavailable') {
    position.failures += 1;
    if (position.failures < maxFailures)
      return pause(tenantId, position, services, firstPauseMs * 2 ** (position.failures - 1));
  }
  const code = codeOf(error);
  if (!code) {
    // The queue brings the message again; what must be repeated is safe to repeat.
    await release(tenantId, position, Date.now()).catch(() => undefined);
    throw error;
  }
  await failRun(tenantId, position, services, code);
}

function codeOf(error: unknown): SyncErrorCode | undefined {
  if (error instanceof FailedSync) return error.code;
  if (error instanceof AppError && error.code === 'no_credentials') return 'no_credentials';
  if (error instanceof IncompleteAnswer) return 'incomplete_answer';
  if (!(error instanceof SellerError)) return undefined;
  if (error.code === 'unavailable') return 'seller_unavailable';
  if (error.code === 'malformed') return 'malformed_answer';
  return error.code === 'rate_limited' ? undefined : error.code;
}

/** Ends a run without taking over anything of it. The caller holds the lock. */
export async function failRun(
  tenantId: string,
  position: SyncPosition,
  services: Pick<SyncServices, 'publish'>,
  code: SyncErrorCode,
): Promise<void> {
  const error = { code, detail: details[code] };
  await discardStaged(tenantId, position);
  await services.publish(tenantId, {
    type: 'sync.failed',
    data: { task_id: position.run_id, error, failed_at: new Date().toISOString() },
  });
  const item = await getItem(keys.tenant(tenantId));
  const ended = await endRun(tenantId, position, item ? TenantItem.parse(item).plan : null, error);
  if (!ended) return;
  logger.warn('sync_failed', { code });
  recordSyncMetric('SyncsFailed', 1, { reason: code });
}

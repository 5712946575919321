import * as z from 'zod';
import { noCredentials } from '../../channels/errors.ts';
import { ChannelName } from '../../channels/names.ts';
import { busy, invalidCursor, notFound } from '../../contract/core-errors.ts';
import { AppError } from '../../contract/errors.ts';
import { openCursor, sealCursor } from '../../runtime/cursors.ts';
import { newId } from '../../runtime/ids.ts';
import { recordMetric } from '../../runtime/observe.ts';
import { create, getItems, query, transact, type Write } from '../../table/table.ts';
import type { TenantItem } from '../../tenants/items.ts';
import { readCurrent } from '../catalogue/versions.ts';
import { syncIds } from '../ids.ts';
import { productKeys } from '../keys.ts';
import { type SyncErrorCode, syncsStarted } from '../metrics.ts';
import { retentionMs } from '../product.ts';
import {
  isPublished,
  LostLock,
  lockWrite,
  type MarketplaceError,
  readLock,
  SyncPosition,
  unlockWrite,
  waitMsOf,
} from './lock.ts';
import { nextSyncMs, readSchedule, scheduleWrites, unscheduleWrites } from './schedule.ts';
import type { SyncPorts } from './sync-ports.ts';

/** Why a run, or one marketplace of it, failed. */
const SyncError = z.object({
  marketplace: ChannelName.nullable().default(null),
  code: z.string(),
  detail: z.string(),
});
export type SyncError =
  | MarketplaceError
  | { marketplace: null; code: SyncErrorCode; detail: string };

export const SyncRunItem = z.object({
  id: z.string(),
  status: z.enum(['pending', 'in_progress', 'completed', 'failed']),
  trigger: z.enum(['manual', 'schedule']),
  marketplaces: z.array(ChannelName),
  started_at: z.string(),
  completed_at: z.string().optional(),
  processed: z.number(),
  total: z.number().optional(),
  created: z.number(),
  changed: z.number(),
  missing: z.number(),
  error: SyncError.optional(),
  errors: z.array(SyncError).optional(),
  /** Marketplaces without most of their products, which the next run believes. */
  suspected_incomplete: z.array(ChannelName).default([]),
});
export type SyncRunItem = z.infer<typeof SyncRunItem>;

const wordsForPhases = {
  mark: 'comparing',
  apply: 'saving',
  publish: 'publishing',
  announce: 'publishing',
};

/** A run as the API shows it; a running one as far as its lock says it is. */
function toView(run: SyncRunItem, position?: SyncPosition) {
  const isLive = position?.run_id === run.id && run.completed_at === undefined;
  const live = isLive ? position : undefined;
  const { created, changed, missing, processed, total } = live ?? run;
  const { error, errors = error ? [error] : [] } = run;
  // Nobody is at it before that moment: a marketplace, or we ourselves, asked for time.
  const waitsUntilMs =
    live && live.lease_until_ms === 0 && live.resume_at_ms > Date.now()
      ? live.resume_at_ms
      : undefined;
  const working = live && (live.step === 'read' ? live.phase : wordsForPhases[live.step]);
  const phase = waitsUntilMs === undefined ? working : 'waiting';
  return {
    task_id: run.id,
    status: live && live.fence > 0 ? ('in_progress' as const) : run.status,
    trigger: run.trigger,
    marketplaces: run.marketplaces,
    phase: phase ?? null,
    next_try_at: waitsUntilMs === undefined ? null : new Date(waitsUntilMs).toISOString(),
    processed,
    // What a marketplace tells of its total need not be true.
    total: total === undefined ? null : Math.max(total, processed),
    created,
    changed,
    missing,
    started_at: run.started_at,
    completed_at: run.completed_at ?? null,
    duration_ms: run.completed_at
      ? Date.parse(run.completed_at) - Date.parse(run.started_at)
      : null,
    error: error ?? null,
    errors,
  };
}
export type SyncRunView = ReturnType<typeof toView>;

type Started = { task_id: string; status: 'pending' | 'in_progress' };

/**
 * Starts a sync of the tenant's products; one that is under way already is the answer instead.
 * Throws `no_credentials`.
 */
export async function startSync(
  tenantId: string,
  trigger: SyncRunItem['trigger'],
  ports: Pick<SyncPorts, 'marketplaces' | 'send'>,
): Promise<Started> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const running = await readLock(tenantId);
    if (running) return resume(tenantId, running, ports);
    const marketplaces = await ports.marketplaces(tenantId);
    if (marketplaces.length === 0) throw new AppError(noCredentials);
    // In this order: a run that came and went meanwhile has moved the schedule.
    const schedule = await readSchedule(tenantId);
    const [current, suspected_incomplete] = await Promise.all([
      readCurrent(tenantId),
      readSuspected(tenantId),
    ]);
    const nowMs = Date.now();
    const run: SyncRunItem = {
      id: newId(syncIds),
      status: 'pending',
      trigger,
      marketplaces: [...marketplaces],
      started_at: new Date(nowMs).toISOString(),
      processed: 0,
      created: 0,
      changed: 0,
      missing: 0,
      suspected_incomplete,
    };
    const start = {
      suspected_incomplete,
      run_id: run.id,
      started_at: run.started_at,
      marketplaces: run.marketplaces,
      ...(current && { base_version: current.version }),
    };
    const failed = await transact([
      lockWrite(tenantId, start, nowMs),
      create({
        ...productKeys.syncRun(tenantId, run.id),
        ...run,
        ttl: Math.ceil((nowMs + retentionMs) / 1000),
      }),
      // Due until it ends: every sweep looks whether it still has a worker.
      ...scheduleWrites(tenantId, schedule, nowMs),
    ]);
    if (failed) continue;
    recordMetric(syncsStarted, 1, { trigger });
    await ports.send({ tenant_id: tenantId, run_id: run.id });
    return { task_id: run.id, status: 'pending' };
  }
  throw new AppError(busy, { headers: { 'retry-after': '1' } });
}

/** The marketplaces that the last run found without most of their products. */
async function readSuspected(tenantId: string): Promise<SyncRunItem['suspected_incomplete']> {
  const { pk, prefix } = productKeys.syncRunsOf(tenantId);
  const { Items = [] } = await query({
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
    ScanIndexForward: false,
    Limit: 1,
    ConsistentRead: true,
  });
  return Items.flatMap((item) => SyncRunItem.parse(item).suspected_incomplete);
}

/** Lets a worker come as soon as one may, in case the run has lost its own. */
async function resume(
  tenantId: string,
  running: SyncPosition,
  ports: Pick<SyncPorts, 'send'>,
): Promise<Started> {
  const message = { tenant_id: tenantId, run_id: running.run_id };
  await ports.send(message, Math.ceil(waitMsOf(running, Date.now()) / 1000));
  return { task_id: running.run_id, status: running.fence > 0 ? 'in_progress' : 'pending' };
}

/** A run of the tenant. Throws `not_found`. */
export async function getSyncRun(tenantId: string, runId: string): Promise<SyncRunView> {
  const [run, lock] = await getItems([
    productKeys.syncRun(tenantId, runId),
    productKeys.syncLock(tenantId),
  ] as const);
  if (!run) throw new AppError(notFound, { detail: 'There is no such sync.' });
  return currentView(tenantId, SyncRunItem.parse(run), lock && SyncPosition.parse(lock));
}

/**
 * A run that was read beside the lock. The two are not read in one moment: where the lock is gone
 * already and the run does not say how it ended, it is read again.
 */
async function currentView(
  tenantId: string,
  run: SyncRunItem,
  lock: SyncPosition | undefined,
): Promise<SyncRunView> {
  if (run.completed_at !== undefined || lock?.run_id === run.id) return toView(run, lock);
  const [ended] = await getItems([productKeys.syncRun(tenantId, run.id)] as const);
  return toView(ended ? SyncRunItem.parse(ended) : run);
}

/** One page of a tenant's runs, newest first. Throws `invalid_cursor`. */
export async function listSyncRuns(
  tenantId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: SyncRunView[]; next_cursor: string | null }> {
  const scope = { tenantId, list: 'sync-runs', filters: {} };
  const after = cursor === undefined ? undefined : await openCursor(scope, cursor);
  if (after && typeof after.id !== 'string') throw new AppError(invalidCursor);
  const { items, last } = await readSyncRuns(tenantId, {
    limit,
    ...(after && { afterId: String(after.id) }),
  });
  return { items, next_cursor: last ? await sealCursor(scope, { id: last }) : null };
}

/** The newest runs of a tenant, or those before one. `last` is where to go on, if there are more. */
export async function readSyncRuns(
  tenantId: string,
  { limit, afterId, from }: { limit: number; afterId?: string; from?: string },
): Promise<{ items: SyncRunView[]; last: string | undefined }> {
  const oldest = new Date(Date.now() - retentionMs).toISOString();
  const since = from !== undefined && from > oldest ? from : oldest;
  const { pk, prefix } = productKeys.syncRunsOf(tenantId);
  const [{ Items = [], LastEvaluatedKey }, lock] = await Promise.all([
    query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
      ScanIndexForward: false,
      Limit: limit,
      ...(afterId && { ExclusiveStartKey: productKeys.syncRun(tenantId, afterId) }),
    }),
    readLock(tenantId),
  ]);
  const runs = Items.map((item) => SyncRunItem.parse(item));
  const wanted = runs.filter(({ started_at }) => started_at >= since);
  const last = wanted.length === runs.length && LastEvaluatedKey ? runs.at(-1) : undefined;
  const items = await Promise.all(wanted.map((run) => currentView(tenantId, run, lock)));
  return { items, last: last?.id };
}

/** The write that notes that a worker has begun. */
export const beginWrite = (tenantId: string, runId: string) => ({
  Key: productKeys.syncRun(tenantId, runId),
  UpdateExpression: 'SET #status = :status',
  ConditionExpression: 'attribute_exists(pk)',
  ExpressionAttributeNames: { '#status': 'status' },
  ExpressionAttributeValues: { ':status': 'in_progress' },
});

const maxAttempts = 5;

/**
 * Ends a run for good: its outcome, the lock and the next due time in one transaction. Of a tenant
 * that is gone nothing is kept. Throws LostLock.
 */
export async function endRun(
  tenantId: string,
  position: SyncPosition,
  {
    tenant,
    errors,
    nowMs,
  }: {
    tenant: Pick<TenantItem, 'plan'> | undefined;
    errors: readonly SyncError[];
    /** When it ended, as it was told. */
    nowMs: number;
  },
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
    const failed = await transact([unlockWrite(tenantId, position), ...(isGone ? dropped : kept)]);
    if (!failed) return;
    const [hasLostLock, hasNoRun] = failed;
    if (hasLostLock) throw new LostLock();
    // Else somebody has moved the schedule since it was read.
    if (!isGone && hasNoRun) isGone = true;
  }
  throw new AppError(busy, { headers: { 'retry-after': '1' } });
}
/** What a run has brought. Of one that was not published nothing is taken over. */
export function outcomeOf(position: SyncPosition) {
  const { processed, created, changed, missing } = position;
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
    total: position.total,
    ...outcomeOf(position),
    ...(error && { error, errors }),
    suspected_incomplete: position.suspected_incomplete,
  };
  const set = Object.entries(outcome).filter(([, value]) => value !== undefined);
  return {
    update: {
      Key: productKeys.syncRun(tenantId, position.run_id),
      ConditionExpression: 'attribute_exists(pk)',
      UpdateExpression: `SET ${set.map(([name]) => `#${name} = :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(set.map(([name]) => [`#${name}`, name])),
      ExpressionAttributeValues: Object.fromEntries(
        set.map(([name, value]) => [`:${name}`, value]),
      ),
    },
  };
}

import * as z from 'zod';
import type { SyncErrorCode } from '../contract/products-metrics.ts';
import { MarketplaceType } from '../contract/schemas.ts';
import { openCursor, sealCursor } from '../cursors.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { TenantItem } from '../table/items.ts';
import { keys } from '../table/keys.ts';
import { create, getItems, query, transact, type Write } from '../table/table.ts';
import { readCurrent } from './catalogue-versions.ts';
import { retentionMs } from './product.ts';
import { isStuck, lockWrite, readLock, SyncPosition, unlockWrite } from './sync-lock.ts';
import { recordSyncMetric } from './sync-metrics.ts';
import { readSchedule, scheduleWrites, syncIntervalMs, watchMs } from './sync-schedule.ts';
import type { SyncServices } from './sync-services.ts';

export const SyncRunItem = z.object({
  id: z.string(),
  status: z.enum(['pending', 'in_progress', 'completed', 'failed']),
  trigger: z.enum(['manual', 'schedule']),
  marketplaces: z.array(MarketplaceType),
  started_at: z.string(),
  completed_at: z.string().optional(),
  processed: z.number(),
  total: z.number().optional(),
  created: z.number(),
  changed: z.number(),
  missing: z.number(),
  error: z.object({ code: z.string(), detail: z.string() }).optional(),
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
  const live = position?.run_id === run.id ? position : undefined;
  const { created, changed, missing, processed, total } = live ?? run;
  const phase = live && (live.step === 'read' ? live.phase : wordsForPhases[live.step]);
  return {
    task_id: run.id,
    status: live && live.fence > 0 ? ('in_progress' as const) : run.status,
    trigger: run.trigger,
    marketplaces: run.marketplaces,
    phase: phase ?? null,
    processed,
    total: total ?? null,
    created,
    changed,
    missing,
    started_at: run.started_at,
    completed_at: run.completed_at ?? null,
    duration_ms: run.completed_at
      ? Date.parse(run.completed_at) - Date.parse(run.started_at)
      : null,
    error: run.error ?? null,
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
  services: Pick<SyncServices, 'marketplaces' | 'send'>,
): Promise<Started> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const running = await readLock(tenantId);
    if (running) return resume(tenantId, running, services);
    const marketplaces = await services.marketplaces(tenantId);
    if (marketplaces.length === 0) throw new AppError('no_credentials');
    // In this order: a run that came and went meanwhile has moved the schedule.
    const schedule = await readSchedule(tenantId);
    const current = await readCurrent(tenantId);
    const nowMs = Date.now();
    const run: SyncRunItem = {
      id: newId('syn'),
      status: 'pending',
      trigger,
      marketplaces: [...marketplaces],
      started_at: new Date(nowMs).toISOString(),
      processed: 0,
      created: 0,
      changed: 0,
      missing: 0,
    };
    const start = {
      run_id: run.id,
      started_at: run.started_at,
      marketplaces: run.marketplaces,
      ...(current && { base_version: current.version }),
    };
    const failed = await transact([
      lockWrite(tenantId, start, nowMs),
      create({
        ...keys.syncRun(tenantId, run.id),
        ...run,
        ttl: Math.ceil((nowMs + retentionMs) / 1000),
      }),
      // Whoever looks at the schedule next makes sure that the run goes on.
      ...scheduleWrites(tenantId, schedule, nowMs + watchMs),
    ]);
    if (failed) continue;
    recordSyncMetric('SyncsStarted', 1, { trigger });
    await services.send({ tenant_id: tenantId, run_id: run.id });
    return { task_id: run.id, status: 'pending' };
  }
  throw new AppError('busy', { headers: { 'retry-after': '1' } });
}

async function resume(
  tenantId: string,
  running: SyncPosition,
  services: Pick<SyncServices, 'send'>,
): Promise<Started> {
  if (isStuck(running, Date.now()))
    await services.send({ tenant_id: tenantId, run_id: running.run_id });
  return { task_id: running.run_id, status: running.fence > 0 ? 'in_progress' : 'pending' };
}

/** A run of the tenant. Throws `not_found`. */
export async function getSyncRun(tenantId: string, runId: string): Promise<SyncRunView> {
  const [run, lock] = await getItems([
    keys.syncRun(tenantId, runId),
    keys.syncLock(tenantId),
  ] as const);
  if (!run) throw new AppError('not_found', { detail: 'There is no such sync.' });
  return toView(SyncRunItem.parse(run), lock && SyncPosition.parse(lock));
}

/** The runs of a tenant, newest first, in pages. Throws `invalid_cursor`. */
export async function listSyncRuns(
  tenantId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: SyncRunView[]; next_cursor: string | null }> {
  const scope = { tenantId, list: 'sync-runs', filters: {} };
  const after = cursor === undefined ? undefined : await openCursor(scope, cursor);
  if (after && typeof after.id !== 'string') throw new AppError('invalid_cursor');
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
  const { pk, prefix } = keys.syncRunsOf(tenantId);
  const [{ Items = [], LastEvaluatedKey }, lock] = await Promise.all([
    query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
      ScanIndexForward: false,
      Limit: limit,
      ...(afterId && { ExclusiveStartKey: keys.syncRun(tenantId, afterId) }),
    }),
    readLock(tenantId),
  ]);
  const runs = Items.map((item) => SyncRunItem.parse(item));
  const wanted = runs.filter(({ started_at }) => started_at >= since);
  const last = wanted.length === runs.length && LastEvaluatedKey ? runs.at(-1) : undefined;
  return { items: wanted.map((run) => toView(run, lock)), last: last?.id };
}

/** The write that notes that a worker has begun. */
export const beginWrite = (tenantId: string, runId: string) => ({
  Key: keys.syncRun(tenantId, runId),
  UpdateExpression: 'SET #status = :status',
  ConditionExpression: 'attribute_exists(pk)',
  ExpressionAttributeNames: { '#status': 'status' },
  ExpressionAttributeValues: { ':status': 'in_progress' },
});

/** Ends a run for good: its outcome, the lock and the next due time in one transaction. */
export async function endRun(
  tenantId: string,
  position: SyncPosition,
  plan: TenantItem['plan'],
  error?: { code: SyncErrorCode; detail: string },
): Promise<boolean> {
  const nowMs = Date.now();
  const schedule = await readSchedule(tenantId);
  const failed = await transact([
    unlockWrite(tenantId, position),
    outcomeWrite(tenantId, position, nowMs, error),
    ...scheduleWrites(tenantId, schedule, nowMs + syncIntervalMs(plan)),
  ]);
  return failed === undefined;
}

function outcomeWrite(
  tenantId: string,
  position: SyncPosition,
  nowMs: number,
  error: { code: SyncErrorCode; detail: string } | undefined,
): Write {
  const { processed, total, created, changed, missing } = position;
  const outcome = {
    status: error ? 'failed' : 'completed',
    completed_at: new Date(nowMs).toISOString(),
    processed,
    total,
    // What a failed run had found is not taken over.
    created: error ? 0 : created,
    changed: error ? 0 : changed,
    missing: error ? 0 : missing,
    error,
  };
  const set = Object.entries(outcome).filter(([, value]) => value !== undefined);
  return {
    update: {
      Key: keys.syncRun(tenantId, position.run_id),
      UpdateExpression: `SET ${set.map(([name]) => `#${name} = :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(set.map(([name]) => [`#${name}`, name])),
      ExpressionAttributeValues: Object.fromEntries(
        set.map(([name, value]) => [`:${name}`, value]),
      ),
    },
  };
}

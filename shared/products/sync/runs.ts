import * as z from 'zod/mini';
import { ChannelName } from '../../channels/names.ts';
import { invalidCursor, notFound } from '../../contract/core-errors.ts';
import { AppError } from '../../contract/errors.ts';
import { openCursor, sealCursor } from '../../runtime/cursors.ts';
import { changes } from '../../table/changes.ts';
import { getItems, query, updateItem } from '../../table/table.ts';
import { productKeys } from '../keys.ts';
import type { SyncErrorCode } from '../metrics.ts';
import { retentionMs } from '../product.ts';
import { readPosition } from './lease.ts';
import { type ChannelSyncError, SyncPosition } from './position.ts';

/** Why a run, or one channel of it, failed. */
const SyncError = z.object({
  marketplace: z._default(z.nullable(ChannelName), null),
  code: z.string(),
  detail: z.string(),
});
export type SyncError =
  | ChannelSyncError
  | { marketplace: null; code: SyncErrorCode; detail: string };

export const SyncRunItem = z.object({
  id: z.string(),
  status: z.enum(['pending', 'in_progress', 'completed', 'failed']),
  trigger: z.enum(['manual', 'schedule']),
  channels: z.array(ChannelName),
  started_at: z.string(),
  completed_at: z.optional(z.string()),
  processed: z.number(),
  total: z.optional(z.number()),
  created: z.number(),
  changed: z.number(),
  missing: z.number(),
  error: z.optional(SyncError),
  errors: z.optional(z.array(SyncError)),
  /** Channels without most of their products, which the next run believes. */
  suspected_incomplete: z._default(z.array(ChannelName), []),
});
export type SyncRunItem = z.infer<typeof SyncRunItem>;

const phases = {
  mark: 'comparing',
  apply: 'saving',
  publish: 'publishing',
  announce: 'publishing',
};

/** A run as the API shows it; one that is not over as far as its position says. */
function toView(run: SyncRunItem, position?: SyncPosition) {
  const isLive = position?.run_id === run.id && run.completed_at === undefined;
  const live = isLive ? position : undefined;
  const { created, changed, missing, processed, total } = live?.progress ?? run;
  const { error, errors = error ? [error] : [] } = run;
  const waitsUntilMs = live && pauseEndMs(live);
  const phase = live && (waitsUntilMs === undefined ? phaseOf(live) : 'waiting');
  return {
    task_id: run.id,
    status: live && live.lease.fence > 0 ? ('in_progress' as const) : run.status,
    trigger: run.trigger,
    marketplaces: run.channels,
    phase: phase ?? null,
    next_try_at: waitsUntilMs === undefined ? null : new Date(waitsUntilMs).toISOString(),
    processed,
    // A channel's own total need not be true.
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

const phaseOf = ({ progress, channel }: SyncPosition): string =>
  progress.step === 'read' ? channel.phase : phases[progress.step];

/** Until when a run pauses, for a channel or for our own trouble; undefined when it does not. */
const pauseEndMs = ({ lease }: SyncPosition): number | undefined =>
  lease.until_ms === 0 && lease.resume_at_ms > Date.now() ? lease.resume_at_ms : undefined;

/** A run of the tenant. Throws `not_found`. */
export async function getSyncRun(tenantId: string, runId: string): Promise<SyncRunView> {
  const [run, position] = await getItems([
    productKeys.syncRun(tenantId, runId),
    productKeys.syncLock(tenantId),
  ] as const);
  if (!run) throw new AppError(notFound, { detail: 'There is no such sync.' });
  return currentView(tenantId, SyncRunItem.parse(run), position && SyncPosition.parse(position));
}

/**
 * A run that was read beside its position. The two are not read in one moment: where the position is
 * gone already and the run does not say how it ended, it is read again.
 */
async function currentView(
  tenantId: string,
  run: SyncRunItem,
  position: SyncPosition | undefined,
): Promise<SyncRunView> {
  if (run.completed_at !== undefined || position?.run_id === run.id) return toView(run, position);
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

/** The newest runs of a tenant, or those before one. `last` is where the next page begins, if there is one. */
export async function readSyncRuns(
  tenantId: string,
  { limit, afterId, from }: { limit: number; afterId?: string; from?: string },
): Promise<{ items: SyncRunView[]; last: string | undefined }> {
  const oldest = new Date(Date.now() - retentionMs).toISOString();
  const since = from !== undefined && from > oldest ? from : oldest;
  const { pk, prefix } = productKeys.syncRunsOf(tenantId);
  const [{ Items = [], LastEvaluatedKey }, position] = await Promise.all([
    query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
      ScanIndexForward: false,
      Limit: limit,
      ...(afterId && { ExclusiveStartKey: productKeys.syncRun(tenantId, afterId) }),
    }),
    readPosition(tenantId),
  ]);
  const runs = Items.map((item) => SyncRunItem.parse(item));
  const wanted = runs.filter(({ started_at }) => started_at >= since);
  const last = wanted.length === runs.length && LastEvaluatedKey ? runs.at(-1) : undefined;
  const items = await Promise.all(wanted.map((run) => currentView(tenantId, run, position)));
  return { items, last: last?.id };
}

/** Notes that a worker has begun with a run. */
export async function noteBegun(tenantId: string, runId: string): Promise<void> {
  await updateItem({
    Key: productKeys.syncRun(tenantId, runId),
    ...changes({ set: { status: 'in_progress' }, if: 'attribute_exists(pk)' }),
  });
}

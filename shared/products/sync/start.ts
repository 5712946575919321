import { noCredentials } from '../../channels/errors.ts';
import { busy } from '../../contract/core-errors.ts';
import { AppError } from '../../contract/errors.ts';
import { newId } from '../../runtime/ids.ts';
import { recordMetric } from '../../runtime/metrics.ts';
import { create, query, transact } from '../../table/table.ts';
import { readCurrent } from '../catalogue/versions.ts';
import { syncIds } from '../ids.ts';
import { productKeys } from '../keys.ts';
import { syncsStarted } from '../metrics.ts';
import { retentionMs } from '../product.ts';
import { readPosition, startWrite, waitMsOf } from './lease.ts';
import type { SyncPorts } from './ports.ts';
import { type SyncPosition, startPosition } from './position.ts';
import { SyncRunItem } from './runs.ts';
import { readSchedule, scheduleWrites } from './schedule.ts';

type Started = { task_id: string; status: 'pending' | 'in_progress' };

/**
 * Starts a sync of the tenant's products; one that is under way already is the answer instead.
 * Throws `no_credentials`.
 */
export async function startSync(
  tenantId: string,
  trigger: SyncRunItem['trigger'],
  ports: Pick<SyncPorts, 'channels' | 'send'>,
): Promise<Started> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const running = await readPosition(tenantId);
    if (running) return resume(tenantId, running, ports);
    const channels = [...(await ports.channels(tenantId))];
    if (channels.length === 0) throw new AppError(noCredentials);
    // In this order: a run that came and went in between has moved the schedule.
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
      channels,
      started_at: new Date(nowMs).toISOString(),
      processed: 0,
      created: 0,
      changed: 0,
      missing: 0,
      suspected_incomplete,
    };
    const { id: run_id, started_at } = run;
    const base_version = current?.version;
    const position = startPosition(
      { run_id, started_at, channels, base_version },
      suspected_incomplete,
      nowMs,
    );
    const failed = await transact([
      startWrite(tenantId, position),
      create({
        ...productKeys.syncRun(tenantId, run_id),
        ...run,
        ttl: Math.ceil((nowMs + retentionMs) / 1000),
      }),
      // Due until it ends: every sweep checks whether it still has a worker.
      ...scheduleWrites(tenantId, schedule, nowMs),
    ]);
    if (failed) continue;
    recordMetric(syncsStarted, 1, { trigger });
    await ports.send({ tenant_id: tenantId, run_id });
    return { task_id: run_id, status: 'pending' };
  }
  throw new AppError(busy, { headers: { 'retry-after': '1' } });
}

/** The channels that the last run found without most of their products. */
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

/** Asks for a worker as soon as one may come, in case the run has lost its own. */
async function resume(
  tenantId: string,
  running: SyncPosition,
  ports: Pick<SyncPorts, 'send'>,
): Promise<Started> {
  const message = { tenant_id: tenantId, run_id: running.run_id };
  await ports.send(message, Math.ceil(waitMsOf(running, Date.now()) / 1000));
  return { task_id: running.run_id, status: running.lease.fence > 0 ? 'in_progress' : 'pending' };
}

import { logger } from '../runtime/logger.ts';
import { changes } from '../table/changes.ts';
import { seriesIndex } from '../table/family.ts';
import { queryPages, tryUpdate } from '../table/table.ts';
import { dueKey, dueShards, enqueue, keyOf, lostAfterMs } from './deliveries.ts';
import { DeliveryItem } from './items.ts';
import { webhookKeys } from './keys.ts';

export interface SweepOptions {
  /** Whether there is time for more. What is left is for the next run. */
  readonly hasTime?: () => boolean;
  readonly pageSize?: number;
  /** Deliveries of one tenant that a run queues in each partition: a backlog takes several runs. */
  readonly maxPerTenant?: number;
}

/** Deliveries of a partition that are queued side by side. */
const atOnce = 10;

/**
 * Queues every delivery whose time has come and that is not queued: those whose next attempt lay
 * beyond what SQS holds back, and those whose message was lost. Returns how many it queued, and
 * whether it got to the end.
 */
export async function sweepDeliveries(
  options: SweepOptions = {},
): Promise<{ queued: number; isComplete: boolean }> {
  const nowMs = Date.now();
  const shards = Array.from({ length: dueShards }, (_, shard) => sweepShard(shard, nowMs, options));
  const swept = await Promise.all(shards);
  return {
    queued: swept.reduce((total, { queued }) => total + queued, 0),
    isComplete: swept.every(({ isComplete }) => isComplete),
  };
}

async function sweepShard(
  shard: number,
  nowMs: number,
  { hasTime = () => true, pageSize = 500, maxPerTenant = 1000 }: SweepOptions,
): Promise<{ queued: number; isComplete: boolean }> {
  const byTenant = new Map<string, number>();
  const pages = queryPages({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :shard AND series_sk < :now',
    ExpressionAttributeValues: {
      ':shard': webhookKeys.due('webhooks', shard),
      ':now': new Date(nowMs).toISOString(),
    },
    Limit: pageSize,
  });
  let queued = 0;
  for await (const { items, isLast } of pages) {
    const mine = items.filter(({ tenant_id }) => {
      const count = (byTenant.get(String(tenant_id)) ?? 0) + 1;
      byTenant.set(String(tenant_id), count);
      return count <= maxPerTenant;
    });
    for (let index = 0; index < mine.length; index += atOnce) {
      if (!hasTime()) return { queued, isComplete: false };
      const some = mine.slice(index, index + atOnce);
      const done = await Promise.all(some.map((item) => queueDue(item, nowMs)));
      queued += done.filter(Boolean).length;
    }
    if (!isLast && !hasTime()) return { queued, isComplete: false };
  }
  return { queued, isComplete: true };
}

/** Queues a delivery that is due. False when it has moved on, or cannot be read. */
async function queueDue(item: Record<string, unknown>, nowMs: number): Promise<boolean> {
  const { data: delivery } = DeliveryItem.safeParse(item);
  if (!delivery) {
    // It must not keep the others of its partition waiting.
    logger.error('delivery_unreadable', { item: item.series_sk });
    return false;
  }
  if (!(await postpone(delivery, item.series_sk, nowMs))) return false;
  await enqueue(delivery);
  return true;
}

/** Keeps later sweeps from queueing the delivery for a while. False when it has changed since it was read. */
async function postpone(delivery: DeliveryItem, seen: unknown, nowMs: number): Promise<boolean> {
  const postponed = await tryUpdate({
    Key: keyOf(delivery),
    ...changes({
      set: { series_sk: dueKey(delivery, nowMs + lostAfterMs).series_sk },
      if: ['series_sk = :seen', { seen }],
    }),
  });
  return postponed !== undefined;
}

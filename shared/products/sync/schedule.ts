import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { when } from '../../table/changes.ts';
import type { Key } from '../../table/family.ts';
import { getItem, queryPages, type Write } from '../../table/table.ts';
import type { TenantItem } from '../../tenants/items.ts';
import { productKeys } from '../keys.ts';

const hourMs = 3_600_000;

/** How often a tenant's products are synced, by plan; a tenant without a plan as on FREE. */
const intervalMsByPlan = {
  FREE: 6 * hourMs,
  STARTER: 2 * hourMs,
  PRO: hourMs,
  ENTERPRISE: hourMs / 2,
} as const satisfies Record<NonNullable<TenantItem['plan']>, number>;

/** Next times are later by up to this share of the interval, so that tenants do not come in crowds. */
const spread = 0.05;

/** When a tenant's products are synced next, after a run that ends now. */
export function nextSyncMs(plan: TenantItem['plan'], runId: string, nowMs: number): number {
  const intervalMs = syncIntervalMs(plan);
  return nowMs + intervalMs + Math.floor((byteOf(runId) / 256) * spread * intervalMs);
}

/** A byte that is as good as random and always the same for a text. */
const byteOf = (text: string): number => createHash('sha256').update(text).digest()[0] ?? 0;

export const syncIntervalMs = (plan: TenantItem['plan']): number =>
  intervalMsByPlan[plan ?? 'FREE'];

/** Due syncs are spread over this many partitions, so that none becomes hot. */
const shards = 8;

const shardOf = (tenantId: string): number => byteOf(tenantId) % shards;

const ScheduleItem = z.object({ due_at: z.string() });
export type Schedule = z.infer<typeof ScheduleItem>;

/** When the tenant is due next; undefined when it is not on the schedule. */
export async function readSchedule(tenantId: string): Promise<Schedule | undefined> {
  const item = await getItem(productKeys.syncSchedule(tenantId));
  return item && ScheduleItem.parse(item);
}

/** The writes that move a tenant on the schedule. They fail when it has been moved since it was read. */
export function scheduleWrites(
  tenantId: string,
  current: Schedule | undefined,
  dueAtMs: number,
): Write[] {
  const due_at = new Date(dueAtMs).toISOString();
  const dueKey = (at: string) => productKeys.syncDue(shardOf(tenantId), at, tenantId);
  return [
    {
      put: {
        Item: { ...productKeys.syncSchedule(tenantId), due_at },
        ...unmoved(current),
      },
    },
    { put: { Item: { ...dueKey(due_at), tenant_id: tenantId, due_at } } },
    ...(current && current.due_at !== due_at ? [{ delete: { Key: dueKey(current.due_at) } }] : []),
  ];
}

/** The writes that take a tenant off the schedule. */
export function unscheduleWrites(tenantId: string, current: Schedule): Write[] {
  return [
    { delete: { Key: productKeys.syncSchedule(tenantId), ...unmoved(current) } },
    { delete: { Key: productKeys.syncDue(shardOf(tenantId), current.due_at, tenantId) } },
  ];
}

/** Where a due sync is kept. */
export const dueKeyOf = ({ tenant_id, due_at }: DueSync): Key =>
  productKeys.syncDue(shardOf(tenant_id), due_at, tenant_id);

const unmoved = (current: Schedule | undefined) =>
  when(current ? ['due_at = :due_at', { due_at: current.due_at }] : 'attribute_not_exists(pk)');

const DueItem = z.object({ tenant_id: z.string(), due_at: z.string() });
export type DueSync = z.infer<typeof DueItem>;

const duePerPage = 100;

/**
 * The tenants that are due, those that have waited longest first within a partition. A sweep that
 * does not get through all partitions began with a random one.
 */
export async function* dueSyncs(
  nowMs: number,
  firstShard = Math.floor(Math.random() * shards),
): AsyncGenerator<DueSync> {
  for (let count = 0; count < shards; count += 1) {
    const shard = (firstShard + count) % shards;
    const pages = queryPages({
      KeyConditionExpression: 'pk = :shard AND sk <= :now',
      ExpressionAttributeValues: {
        ':shard': productKeys.syncsDueIn(shard),
        // Above every `<due>#<tenant>` of that time.
        ':now': `${new Date(nowMs).toISOString()}$`,
      },
      Limit: duePerPage,
    });
    for await (const { items } of pages) for (const item of items) yield DueItem.parse(item);
  }
}

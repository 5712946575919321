import type { UsageAllocation } from '@aws-sdk/client-marketplace-metering';
import { changes } from '../table/changes.ts';
import { queryPages, updateItem } from '../table/table.ts';
import { maxQuantity, meterShards, shardFlag, shardName } from './counters.ts';
import type { Hour } from './hours.ts';
import { HourItem, HourPartItem, type MeteredItem, type RecordStatus } from './items.ts';
import { meteringKeys } from './keys.ts';

/** An hour of a license's dimension in which nothing is counted any more. */
export interface SealedUsage {
  readonly license: MeteredItem;
  readonly dimension: string;
  readonly hour: Hour;
  /** Never changes: whatever is sent again is the same. */
  readonly quantity: number;
  readonly allocations: readonly UsageAllocation[];
  /** What became of it when it was last sent: `settle` sets it. */
  status: RecordStatus | undefined;
}

/** Where the usage of an hour is kept. */
export const keyOf = ({ license, hour, dimension }: SealedUsage) =>
  meteringKeys.hour(license.tenant_id, license.license_id, hour, dimension);

/** Whether nothing is left to do for an hour. The others are tried again until it is too late. */
export const isSettled = (status: RecordStatus | undefined): boolean =>
  status !== undefined && status !== 'CustomerNotSubscribed' && status !== 'REFUSED';

/**
 * Seals an hour and returns what was used in it. What a report or a feature counts at the same moment
 * is in it, or its transaction fails and is made again for a later hour. Safe to repeat at any point.
 */
export async function sealHour(
  license: MeteredItem,
  dimension: string,
  hour: Hour,
): Promise<SealedUsage> {
  const { tenant_id, license_id } = license;
  const sealed = await seal(meteringKeys.hour(tenant_id, license_id, hour, dimension));
  const item = HourItem.parse(sealed);
  const shards = Array.from({ length: meterShards }, (_, shard) => shard);
  // The hour is sealed: no shard is opened any more.
  const counted = await Promise.all(
    shards
      .filter((shard) => sealed[shardFlag(shard)] === true)
      .map((shard) =>
        seal(
          meteringKeys.hourPart(tenant_id, license_id, { hour, dimension, name: shardName(shard) }),
        ),
      ),
  );
  const quantity = counted.reduce(
    (total, part) => total + HourPartItem.parse(part).quantity,
    item.quantity,
  );
  return {
    license,
    dimension,
    hour,
    quantity: Math.min(quantity, maxQuantity),
    allocations:
      item.has_allocations && !isSettled(item.status)
        ? foldAllocations(await readTagged(license, dimension, hour), quantity)
        : [],
    status: item.status,
  };
}

async function seal(Key: ReturnType<typeof meteringKeys.hour>): Promise<Record<string, unknown>> {
  const sealed = await updateItem({
    Key,
    ...changes({ setOnce: { sealed_at: new Date().toISOString() } }),
    ReturnValues: 'ALL_NEW',
  });
  return sealed ?? {};
}

interface Tagged {
  readonly quantity: number;
  readonly tags: Readonly<Record<string, string>>;
}

async function readTagged(
  { tenant_id, license_id }: MeteredItem,
  dimension: string,
  hour: Hour,
): Promise<Tagged[]> {
  const { pk, sk } = meteringKeys.hour(tenant_id, license_id, hour, dimension);
  const found: Tagged[] = [];
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': pk, ':prefix': `${sk}#` },
    ConsistentRead: true,
  });
  for await (const { items } of pages)
    for (const item of items) {
      const { quantity, tags } = HourPartItem.parse(item);
      if (tags) found.push({ quantity, tags });
    }
  return found;
}

/** AWS Marketplace takes this many for a record. */
const maxAllocations = 2500;
/** So that a record fits into a request of 1 MB, with room for others. */
const maxAllocationBytes = 500_000;

/**
 * The tagged usage of an hour as AWS Marketplace takes it, and the rest without tags. Of more than
 * fits, the largest keep their tags. Nothing for usage without any.
 */
export function foldAllocations(tagged: readonly Tagged[], quantity: number): UsageAllocation[] {
  const folded: UsageAllocation[] = [];
  let [bytes, named] = [0, 0];
  for (const { quantity: part, tags } of tagged.toSorted((a, b) => b.quantity - a.quantity)) {
    const one = {
      AllocatedUsageQuantity: part,
      // What is sent again is the same to the letter.
      Tags: Object.entries(tags)
        .map(([Key, Value]) => ({ Key, Value }))
        .toSorted((a, b) => (a.Key < b.Key ? -1 : 1)),
    };
    bytes += JSON.stringify(one).length;
    if (folded.length === maxAllocations - 1 || bytes > maxAllocationBytes) break;
    folded.push(one);
    named += part;
  }
  if (folded.length === 0 || named === quantity) return folded;
  return [...folded, { AllocatedUsageQuantity: quantity - named }];
}

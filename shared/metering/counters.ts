import { createHash } from 'node:crypto';
import type { Dimension } from '../marketplace/sold-product.ts';
import { changes } from '../table/changes.ts';
import type { Write } from '../table/table.ts';
import type { Hour } from './hours.ts';
import { meteringKeys } from './keys.ts';

/** The largest quantity of a record of AWS Marketplace. */
export const maxQuantity = 2_147_483_647;

/** Counters of a meter in an hour, so that requests side by side do not wait for one item. */
export const meterShards = 8;

/** The hour of a license's dimension that something is counted in. */
export interface Slot {
  readonly tenantId: string;
  readonly licenseId: string;
  readonly dimension: Dimension;
  readonly hour: Hour;
}

export interface Allocation {
  readonly quantity: number;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** The attribute of an hour that says that a shard of a meter counts beside it. */
export const shardFlag = (shard: number): string => `shard_${shard}`;
export const shardName = (shard: number): string => `shard-${shard}`;

const hourKey = ({ tenantId, licenseId, hour, dimension }: Slot) =>
  meteringKeys.hour(tenantId, licenseId, hour, dimension.key);
const partKey = ({ tenantId, licenseId, hour, dimension }: Slot, name: string) =>
  meteringKeys.hourPart(tenantId, licenseId, { hour, dimension: dimension.key, name });

const isOpen = 'attribute_not_exists(sealed_at)';

/**
 * The writes that count usage in an hour: they fail when it is sealed, or would be more than one
 * record of AWS Marketplace can say. The first is that of the hour itself. Tagged usage is counted in
 * the hour and by its tags, in one transaction, so that the seal of the hour holds for both.
 */
export function countWrites(
  slot: Slot,
  quantity: number,
  allocations: readonly Allocation[] = [],
): Write[] {
  // Shards of a meter have the rest.
  const most = slot.dimension.meters?.length ? Math.floor(maxQuantity / 2) : maxQuantity;
  const tagged = taggedOf(allocations);
  return [
    {
      update: {
        Key: hourKey(slot),
        ...changes({
          add: { quantity },
          set: { has_allocations: tagged.length > 0 || undefined },
          if: [
            `${isOpen} AND (attribute_not_exists(quantity) OR quantity <= :room)`,
            { room: Math.max(0, most - quantity) },
          ],
        }),
      },
    },
    ...tagged.map(({ hash, tags, quantity: part }) => ({
      update: {
        Key: partKey(slot, hash),
        ...changes({ add: { quantity: part }, setOnce: { tags } }),
      },
    })),
  ];
}

/**
 * The writes that count usage in one shard of an hour. A shard that is not known to be open is opened
 * with the hour in the same transaction; so none is opened once the hour is sealed.
 */
export function shardWrites(
  slot: Slot,
  quantity: number,
  { shard, isKnown }: { shard: number; isKnown: boolean },
): Write[] {
  const count: Write = {
    update: {
      Key: partKey(slot, shardName(shard)),
      ...changes({
        add: { quantity },
        if: isKnown ? `attribute_exists(pk) AND ${isOpen}` : isOpen,
      }),
    },
  };
  if (isKnown) return [count];
  const open: Write = {
    update: { Key: hourKey(slot), ...changes({ set: { [shardFlag(shard)]: true }, if: isOpen }) },
  };
  return [count, open];
}

/** Usage by its tags, those of the same tags together; what has none is the rest of the hour. */
function taggedOf(allocations: readonly Allocation[]) {
  const byHash = new Map<
    string,
    { hash: string; tags: Record<string, string>; quantity: number }
  >();
  for (const { quantity, tags = {} } of allocations) {
    const entries = Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0 || quantity === 0) continue;
    const hash = createHash('sha256')
      .update(JSON.stringify(entries))
      .digest('base64url')
      .slice(0, 22);
    const same = byHash.get(hash) ?? { hash, tags: Object.fromEntries(entries), quantity: 0 };
    byHash.set(hash, { ...same, quantity: same.quantity + quantity });
  }
  return [...byHash.values()];
}

import { logger } from '../runtime/logger.ts';
import { when } from '../table/changes.ts';
import { create, getItems, query, queryPages, transact } from '../table/table.ts';
import { blockHash, entryHash, firstPrevious, goneHash } from './hashes.ts';
import { monthOf, timeOf } from './ids.ts';
import { AuditBlockItem, AuditPointerItem } from './items.ts';
import { auditKeys, auditShards, shardOf } from './keys.ts';
import { blockKeptMs, ttlAfter } from './retention.ts';

export interface ChainOptions {
  /** Whether there is time for more. What is left is for the next run. */
  readonly hasTime?: () => boolean;
  readonly pageSize?: number;
}

/** A transaction has 100 writes: the block, and the pointers of its entries. */
const entriesPerBlock = 90;
/** Tenants of a shard whose blocks are made side by side. */
const tenantsAtOnce = 10;

/**
 * Puts every entry that is in no block yet into a block of its tenant. A block and the end of the
 * pointers to its entries are one transaction: a run that breaks off leaves whole blocks, and of two
 * runs at once one makes each block. Returns how many entries it chained.
 */
export async function chainEntries(options: ChainOptions = {}): Promise<number> {
  const shards = Array.from({ length: auditShards }, (_, shard) => chainShard(shard, options));
  return sumOf(await Promise.allSettled(shards));
}

/** The sum of what was done. Throws the first failure, once all others are through. */
function sumOf(outcomes: readonly PromiseSettledResult<number>[]): number {
  let sum = 0;
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') throw outcome.reason;
    sum += outcome.value;
  }
  return sum;
}

async function chainShard(
  shard: number,
  { hasTime = () => true, pageSize = 500 }: ChainOptions,
): Promise<number> {
  const pages = queryPages({
    KeyConditionExpression: 'pk = :shard',
    ExpressionAttributeValues: { ':shard': auditKeys.pendingOf(shard) },
    ConsistentRead: true,
    Limit: pageSize,
  });
  const outcomes: PromiseSettledResult<number>[] = [];
  for await (const { items } of pages) {
    const byTenant = [...Map.groupBy(items.flatMap(pointerIn), ({ tenant_id }) => tenant_id)];
    for (let next = 0; next < byTenant.length; next += tenantsAtOnce) {
      if (!hasTime()) return sumOf(outcomes);
      const some = byTenant.slice(next, next + tenantsAtOnce);
      // A tenant whose blocks cannot be made must not keep the others waiting.
      outcomes.push(
        ...(await Promise.allSettled(
          some.map(([tenantId, own]) =>
            chainTenant(
              tenantId,
              own.map(({ sk }) => sk),
            ),
          ),
        )),
      );
    }
  }
  return sumOf(outcomes);
}

/** A pointer as it is stored; none where it cannot be read, which keeps no other from its block. */
function pointerIn(item: Record<string, unknown>): AuditPointerItem[] {
  const { data } = AuditPointerItem.safeParse(item);
  if (data) return [data];
  logger.error('audit_pointer_unreadable', { item: item.sk });
  return [];
}

/** Makes the blocks of a tenant's entries, in the order of their ids. Stops where another run was first. */
async function chainTenant(tenantId: string, entryIds: readonly string[]): Promise<number> {
  let last = await lastBlock(tenantId);
  let chained = 0;
  for (let next = 0; next < entryIds.length; next += entriesPerBlock) {
    const ids = entryIds.slice(next, next + entriesPerBlock);
    const block = await newBlock(tenantId, ids, last);
    if (!(await store(tenantId, block, ids))) return chained;
    last = block;
    chained += ids.length;
  }
  return chained;
}

type Last = Pick<AuditBlockItem, 'sequence' | 'hash' | 'created_at'>;

async function lastBlock(tenantId: string): Promise<Last | undefined> {
  const { Items = [] } = await query({
    KeyConditionExpression: 'pk = :chain',
    ExpressionAttributeValues: { ':chain': auditKeys.chainOf(tenantId) },
    ScanIndexForward: false,
    ConsistentRead: true,
    Limit: 1,
  });
  return Items[0] && AuditBlockItem.parse(Items[0]);
}

async function newBlock(
  tenantId: string,
  ids: readonly string[],
  last: Last | undefined,
): Promise<AuditBlockItem> {
  const items = await getItems(ids.map((id) => auditKeys.entry(tenantId, monthOf(timeOf(id)), id)));
  const entries = ids.map((id, index): [string, string] => {
    const item = items[index];
    if (!item) logger.error('audit_entry_gone', { tenant_id: tenantId, audit_id: id });
    return [id, item ? entryHash(item) : goneHash];
  });
  const now = new Date().toISOString();
  const block = {
    tenant_id: tenantId,
    sequence: (last?.sequence ?? 0) + 1,
    previous: last?.hash ?? firstPrevious,
    previous_at: last?.created_at ?? null,
    // A clock that was set back must not make a block that is older than the one before.
    created_at: last && last.created_at > now ? last.created_at : now,
    entries,
  };
  return { ...block, hash: blockHash(block) };
}

/** Stores a block and ends the pointers to its entries. False when another run did so first. */
async function store(
  tenantId: string,
  block: AuditBlockItem,
  ids: readonly string[],
): Promise<boolean> {
  const shard = shardOf(tenantId);
  const key = auditKeys.block(tenantId, block.sequence);
  const failed = await transact([
    create({
      ...key,
      ...block,
      series_pk: auditKeys.day(block.created_at.slice(0, 10), shard),
      series_sk: `${tenantId}#${key.sk}`,
      ttl: ttlAfter(Date.parse(block.created_at), blockKeptMs),
    }),
    ...ids.map((id) => ({
      delete: { Key: auditKeys.pending(shard, id), ...when('attribute_exists(pk)') },
    })),
  ]);
  return failed === undefined;
}

import { getItems, queryPages } from '../table/table.ts';
import { blockHash, entryHash, firstPrevious } from './hashes.ts';
import { monthOf, timeOf } from './ids.ts';
import { AuditBlockItem } from './items.ts';
import { auditKeys, shardOf } from './keys.ts';
import { blockKeptMs, entryKeptMs } from './retention.ts';

/** Something that the chain of a tenant shows to be wrong. */
export interface ChainFault {
  readonly kind: /** The entry is not the one that was chained. */
    | 'entry_changed'
    /** The entry was chained and is gone before its time. */
    | 'entry_missing'
    /** The entry is in no block, or came into one long after the time that it bears. */
    | 'entry_added'
    /** The entry does not stand where its id belongs, or stands there twice. */
    | 'entry_reordered'
    /** The block does not have the hash that it bears. */
    | 'block_changed'
    /** The block does not follow the one before it. */
    | 'block_unlinked'
    /** A block before this one is gone before its time. */
    | 'block_missing';
  /** Id of the entry, or number of the block. */
  readonly at: string | number;
}

export interface ChainReport {
  readonly tenantId: string;
  readonly blocks: number;
  /** Entries that are in a block and as they were. */
  readonly entries: number;
  /** Entries that the next run of the chain's worker will take. */
  readonly pending: number;
  readonly faults: readonly ChainFault[];
  /** Hash and number of the last block, to be compared with what was exported. */
  readonly head: { readonly sequence: number; readonly hash: string } | null;
}

/** An entry is written within this time after its id was made, and chained after those made before. */
const writtenWithinMs = 15 * 60_000;

/**
 * Reads the whole chain of a tenant and every entry, page by page, and tells what does not fit
 * together. What is past its retention may be gone. It may run while entries are made and chained.
 * Memory grows by the ids of the entries and by nothing else.
 */
export async function verifyChain(tenantId: string, nowMs = Date.now()): Promise<ChainReport> {
  // In this order: what has lost its pointer by now is in a block that is read after it.
  const loose = await entryIds(tenantId, nowMs);
  const pending = await pendingIds(tenantId);
  const faults: ChainFault[] = [];
  const chained = new Set<string>();
  let intact = 0;
  let blocks = 0;
  let last: AuditBlockItem | undefined;
  let latestId = '';
  for await (const block of blocksOf(tenantId)) {
    blocks += 1;
    faults.push(...linkFaults(block, last, nowMs), ...orderFaults(block, latestId, chained));
    const { sound, found } = await entryFaults(tenantId, block, nowMs);
    intact += sound;
    faults.push(...found);
    for (const [id] of block.entries) {
      chained.add(id);
      loose.delete(id);
      pending.delete(id);
      if (id > latestId) latestId = id;
    }
    last = block;
  }
  for (const id of loose) if (!pending.has(id)) faults.push({ kind: 'entry_added', at: id });
  const head = last ? { sequence: last.sequence, hash: last.hash } : null;
  return { tenantId, blocks, entries: intact, pending: pending.size, faults, head };
}

async function* blocksOf(tenantId: string): AsyncGenerator<AuditBlockItem> {
  const pages = queryPages({
    KeyConditionExpression: 'pk = :chain',
    ExpressionAttributeValues: { ':chain': auditKeys.chainOf(tenantId) },
    ConsistentRead: true,
    Limit: 100,
  });
  for await (const { items } of pages) for (const item of items) yield AuditBlockItem.parse(item);
}

function linkFaults(
  block: AuditBlockItem,
  last: AuditBlockItem | undefined,
  nowMs: number,
): ChainFault[] {
  const at = block.sequence;
  const faults: ChainFault[] = [];
  if (blockHash(block) !== block.hash) faults.push({ kind: 'block_changed', at });
  if (at === (last?.sequence ?? 0) + 1) {
    if (block.previous !== (last?.hash ?? firstPrevious))
      faults.push({ kind: 'block_unlinked', at });
    return faults;
  }
  // The one before is not there. Its time stands in this block.
  const endsMs = Date.parse(block.previous_at ?? '') + blockKeptMs;
  if (!(endsMs <= nowMs)) faults.push({ kind: 'block_missing', at: at - 1 });
  return faults;
}

/** Ids that are not in order, that came before, or that are much older than what was chained before. */
function orderFaults(
  { entries }: AuditBlockItem,
  latestId: string,
  chained: ReadonlySet<string>,
): ChainFault[] {
  const earliestMs = latestId === '' ? 0 : timeOf(latestId) - writtenWithinMs;
  return entries.flatMap(([id], index): ChainFault[] => {
    const before = entries[index - 1]?.[0] ?? '';
    if (id <= before || chained.has(id)) return [{ kind: 'entry_reordered', at: id }];
    return timeOf(id) < earliestMs ? [{ kind: 'entry_added', at: id }] : [];
  });
}

async function entryFaults(
  tenantId: string,
  { entries }: AuditBlockItem,
  nowMs: number,
): Promise<{ sound: number; found: ChainFault[] }> {
  const keys = entries.map(([id]) => auditKeys.entry(tenantId, monthOf(timeOf(id)), id));
  const items = await getItems(keys);
  let sound = 0;
  const found: ChainFault[] = [];
  for (const [index, [id, hash]] of entries.entries()) {
    const item = items[index];
    if (item && entryHash(item) === hash) sound += 1;
    else if (item) found.push({ kind: 'entry_changed', at: id });
    else if (timeOf(id) + entryKeptMs > nowMs) found.push({ kind: 'entry_missing', at: id });
  }
  return { sound, found };
}

async function entryIds(tenantId: string, nowMs: number): Promise<Set<string>> {
  const found = new Set<string>();
  for (const month of monthsKept(nowMs)) {
    const pages = queryPages({
      KeyConditionExpression: 'pk = :month',
      ExpressionAttributeValues: { ':month': auditKeys.entriesOf(tenantId, month) },
      ProjectionExpression: 'sk',
      ConsistentRead: true,
    });
    for await (const { items } of pages) for (const { sk } of items) found.add(String(sk));
  }
  return found;
}

/** The entries of the tenant that wait for the next run. */
async function pendingIds(tenantId: string): Promise<Set<string>> {
  const found = new Set<string>();
  const pages = queryPages({
    KeyConditionExpression: 'pk = :shard',
    FilterExpression: 'tenant_id = :tenant',
    ExpressionAttributeValues: {
      ':shard': auditKeys.pendingOf(shardOf(tenantId)),
      ':tenant': tenantId,
    },
    ConsistentRead: true,
  });
  for await (const { items } of pages) for (const { sk } of items) found.add(String(sk));
  return found;
}

/** The months that entries may be in: of the whole retention, and the one that a late deletion leaves. */
function monthsKept(nowMs: number): string[] {
  const months: string[] = [];
  const first = new Date(nowMs - blockKeptMs);
  for (
    let ms = Date.UTC(first.getUTCFullYear(), first.getUTCMonth());
    ms <= nowMs + writtenWithinMs;
    ms = Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth() + 1)
  )
    months.push(monthOf(ms));
  return months;
}

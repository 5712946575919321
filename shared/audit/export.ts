import { seriesIndex } from '../table/family.ts';
import { getMany, queryPages } from '../table/table.ts';
import { canonicalJson } from './hashes.ts';
import { monthOf, timeOf } from './ids.ts';
import { AuditBlockItem } from './items.ts';
import { auditKeys, auditShards } from './keys.ts';
import { lastKey, putOnce } from './objects.ts';

export interface ExportOptions {
  /** Whether there is time for one more day. What is left is for the next run. */
  readonly hasTime?: () => boolean;
  /** Objects are cut at the first block that fills one. */
  readonly objectBytes?: number;
}

/** What was exported of a day. */
export interface ExportedDay {
  readonly day: string;
  readonly blocks: number;
  readonly entries: number;
  readonly objects: number;
}

const dayMs = 86_400_000;
/** A day is exported once it has been over for this long: the index follows the table by less. */
const settledAfterMs = 60 * 60_000;
/** How far back the first export of a deployment looks: its bucket is as old as its audit log. */
const firstLookMs = 31 * dayMs;
const usualObjectBytes = 4 * 1024 * 1024;

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const manifests = 'manifests/';
const manifestOf = (day: string) => `${manifests}${day}.json`;
const objectOf = (day: string, shard: number, number: number) =>
  `days/${day}/${shard}-${String(number).padStart(5, '0')}.jsonl`;

/**
 * Exports every day that is over and has no manifest yet, the oldest first. A day's manifest is
 * written last: what breaks off before is made again, byte for byte, and what is there stays. Returns
 * what it exported.
 */
export async function exportDays(options: ExportOptions = {}): Promise<ExportedDay[]> {
  const { hasTime = () => true, objectBytes = usualObjectBytes } = options;
  const nowMs = Date.now();
  const newest = dayOf(nowMs - settledAfterMs - dayMs);
  const exported: ExportedDay[] = [];
  for (let day = await firstDay(nowMs, newest); day <= newest; day = dayAfter(day)) {
    if (!hasTime()) break;
    exported.push(await exportDay(day, objectBytes));
  }
  return exported;
}

const dayAfter = (day: string) => dayOf(Date.parse(day) + dayMs);

/** The day after the last one that has a manifest; where none has one, the first that has blocks. */
async function firstDay(nowMs: number, newest: string): Promise<string> {
  const last = await lastKey(manifests);
  if (last) return dayAfter(last.slice(manifests.length, -'.json'.length));
  for (let day = dayOf(nowMs - firstLookMs); day < newest; day = dayAfter(day))
    if (await hasBlocks(day)) return day;
  return newest;
}

async function hasBlocks(day: string): Promise<boolean> {
  const shards = Array.from({ length: auditShards }, async (_, shard) => {
    const { value } = await pagesOf(day, shard, 1).next();
    return value !== undefined && value.items.length > 0;
  });
  return (await Promise.all(shards)).some(Boolean);
}

const pagesOf = (day: string, shard: number, limit: number) =>
  queryPages({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :day',
    ExpressionAttributeValues: { ':day': auditKeys.day(day, shard) },
    Limit: limit,
  });

interface WrittenObject {
  readonly key: string;
  readonly sha256: string;
  readonly blocks: number;
  readonly entries: number;
}

async function exportDay(day: string, objectBytes: number): Promise<ExportedDay> {
  const shards = Array.from({ length: auditShards }, (_, shard) =>
    exportShard(day, shard, objectBytes),
  );
  const objects = (await Promise.all(shards)).flat();
  const sum = (of: (one: WrittenObject) => number) =>
    objects.reduce((total, one) => total + of(one), 0);
  const [blocks, entries] = [sum((one) => one.blocks), sum((one) => one.entries)];
  await putOnce(manifestOf(day), `${JSON.stringify({ day, blocks, entries, objects })}\n`);
  return { day, blocks, entries, objects: objects.length };
}

/** Writes the blocks of a shard, each with its entries, in objects that are held in memory one at a time. */
async function exportShard(
  day: string,
  shard: number,
  objectBytes: number,
): Promise<WrittenObject[]> {
  const written: WrittenObject[] = [];
  let lines: string[] = [];
  let [bytes, blocks, entries] = [0, 0, 0];
  const flush = async () => {
    if (blocks === 0) return;
    const key = objectOf(day, shard, written.length + 1);
    const sha256 = await putOnce(key, lines.join(''));
    written.push({ key, sha256, blocks, entries });
    [lines, bytes, blocks, entries] = [[], 0, 0, 0];
  };
  for await (const { items } of pagesOf(day, shard, 100)) {
    for (const item of items) {
      const of = await linesOf(AuditBlockItem.parse(item));
      lines.push(...of);
      bytes += of.reduce((total, line) => total + Buffer.byteLength(line), 0);
      blocks += 1;
      entries += of.length - 1;
      if (bytes >= objectBytes) await flush();
    }
  }
  await flush();
  return written;
}

/** A block and its entries, in its order: each entry as its hash was made of it. */
async function linesOf(block: AuditBlockItem): Promise<string[]> {
  const keys = block.entries.map(([id]) =>
    auditKeys.entry(block.tenant_id, monthOf(timeOf(id)), id),
  );
  const items = new Map((await getMany(keys)).map((item) => [String(item.sk), item]));
  const found = block.entries.flatMap(([id]) => items.get(id) ?? []);
  return [
    `${canonicalJson({ block })}\n`,
    ...found.map((entry) => `${canonicalJson({ entry })}\n`),
  ];
}

import type * as z from 'zod/mini';
import { validationFailed } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { changes } from '../table/changes.ts';
import { queryPages, type Write } from '../table/table.ts';
import type { DetectionStatistics } from './contract/statistics.ts';
import { DetectionCountItem } from './items.ts';
import { detectionKeys } from './keys.ts';
import { clockSkewMs, dayMs, horizonOf, type Plan } from './retention.ts';

interface Counted {
  ts: string;
  label: string;
  source_ip: string;
}
type Statistics = z.output<typeof DetectionStatistics>;

/** What detections are counted by; a day's detections are the sum of its labels. */
const kinds = ['LABEL', 'SOURCE'] as const;
type Kind = (typeof kinds)[number];

/** Items per count, so that concurrent requests do not wait for one item. */
const shards = 8;
/** DynamoDB's maximum of writes in a transaction. */
const maxWrites = 100;
/** Maximum pages of 1 MB read for a month's counts of a kind. */
const maxPages = 4;
const usualDays = 30;
const maxDays = 366;
const topLabels = 100;
const topSources = 20;

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** Where the counts of a request begin; its transactions take one shard each from there. */
export const newShard = (): number => Math.floor(Math.random() * shards);

const countKeysOf = ({ ts, label, source_ip }: Counted) => {
  const day = ts.slice(0, 10);
  return [
    { kind: 'LABEL', day, value: label },
    { kind: 'SOURCE', day, value: source_ip },
  ] as const satisfies { kind: Kind; day: string; value: string }[];
};
const nameOf = (key: object) => JSON.stringify(key);

/** Detections in parts, each of which fits with its counts and `others` into one transaction. */
export function inTransactions<T extends Counted>(detections: readonly T[], others: number): T[][] {
  const parts: T[][] = [];
  let names = new Set<string>();
  for (const detection of detections) {
    const part = parts.at(-1);
    const withThis = new Set([...names, ...countKeysOf(detection).map(nameOf)]);
    if (part && part.length + 1 + withThis.size + others <= maxWrites) {
      part.push(detection);
      names = withThis;
    } else {
      parts.push([detection]);
      names = new Set(countKeysOf(detection).map(nameOf));
    }
  }
  return parts;
}

/** The writes that count detections, for the transaction that stores them. */
export function countWrites(
  tenantId: string,
  detections: readonly Counted[],
  days: number,
  shard: number,
): Write[] {
  const keysOfAll = detections.flatMap(countKeysOf);
  return [...Map.groupBy(keysOfAll, nameOf).values()].flatMap((same): Write[] => {
    const [first] = same;
    if (!first) return [];
    const { kind, day, value } = first;
    return [
      {
        update: {
          Key: detectionKeys.detectionCount(tenantId, kind, day, value, {
            days,
            shard: shard % shards,
          }),
          ...changes({
            add: { count: same.length },
            set: { day, value, ttl: Math.ceil((Date.parse(day) + (days + 1) * dayMs) / 1000) },
          }),
        },
      },
    ];
  });
}

/**
 * Detections per day, label and source, from the counts that ingest keeps. The plan says how far
 * back. Throws `validation_failed` for a range that ends before it begins.
 */
export async function statistics(
  tenantId: string,
  asked: { from?: string | undefined; to?: string | undefined },
  plan: Plan,
): Promise<Statistics> {
  const nowMs = Date.now();
  const last = dayOf(nowMs + clockSkewMs);
  const to = asked.to !== undefined && asked.to < last ? asked.to : last;
  const from = asked.from ?? dayOf(Date.parse(to) - (usualDays - 1) * dayMs);
  const wrong =
    asked.to !== undefined && from > asked.to
      ? 'lies after to'
      : from > last
        ? 'lies in the future'
        : undefined;
  if (wrong !== undefined) {
    throw new AppError(validationFailed, {
      errors: [{ in: 'query', pointer: '/from', detail: wrong }],
    });
  }
  const oldest = dayOf(nowMs - maxDays * dayMs);
  const read = await readCounts(tenantId, from < oldest ? oldest : from, to);

  const horizon = horizonOf(plan, nowMs).slice(0, 10);
  // Of days that are all too long ago the last one is shown, without a count.
  const start = from >= horizon ? from : to >= horizon ? horizon : to;
  const kept = (kind: Kind) =>
    read[kind].counts.filter(({ day }) => day >= start && day >= horizon);
  const perDay = sumBy(kept('LABEL'), ({ day }) => day);
  const days = daysFrom(start, to).map((day) => ({ day, count: perDay.get(day) ?? 0 }));
  return {
    from: start,
    to,
    total: days.reduce((sum, { count }) => sum + count, 0),
    days,
    labels: top(kept('LABEL'), topLabels).map(([label, count]) => ({ label, count })),
    sources: top(kept('SOURCE'), topSources).map(([source_ip, count]) => ({ source_ip, count })),
    complete: kinds.every((kind) => read[kind].isComplete),
  };
}

function daysFrom(from: string, to: string): string[] {
  const days: string[] = [];
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += dayMs) days.push(dayOf(ms));
  return days;
}

function sumBy(counts: readonly DetectionCountItem[], of: (count: DetectionCountItem) => string) {
  const sums = new Map<string, number>();
  for (const item of counts) sums.set(of(item), (sums.get(of(item)) ?? 0) + item.count);
  return sums;
}

/** The values that were counted most, and those of the same count by name. */
function top(counts: readonly DetectionCountItem[], length: number): [string, number][] {
  return [...sumBy(counts, ({ value }) => value)]
    .toSorted(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1))
    .slice(0, length);
}

interface Read {
  counts: DetectionCountItem[];
  isComplete: boolean;
}

/** The counts of a range of days: its months side by side, in one round trip unless they are large. */
async function readCounts(tenantId: string, from: string, to: string): Promise<Record<Kind, Read>> {
  const months = [...new Set(daysFrom(from, to).map((day) => day.slice(0, 7)))];
  const readKind = async (kind: Kind): Promise<Read> => {
    const reads = await Promise.all(
      months.map((month) => readMonth(tenantId, month, `${kind}#${from}#`, `${kind}#${to}$`)),
    );
    return {
      counts: reads.flatMap(({ counts }) => counts),
      isComplete: reads.every(({ isComplete }) => isComplete),
    };
  };
  const [LABEL, SOURCE] = await Promise.all([readKind('LABEL'), readKind('SOURCE')]);
  return { LABEL, SOURCE };
}

async function readMonth(tenantId: string, month: string, from: string, to: string): Promise<Read> {
  const nowSeconds = Date.now() / 1000;
  const counts: DetectionCountItem[] = [];
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':pk': detectionKeys.detectionCountsOf(tenantId, month),
      ':from': from,
      // Above every count of the last day.
      ':to': to,
    },
  });
  let [read, isComplete] = [0, false];
  for await (const { items, isLast } of pages) {
    counts.push(...items.map((item) => DetectionCountItem.parse(item)));
    read += 1;
    isComplete = isLast;
    if (read === maxPages) break;
  }
  return { counts: counts.filter(({ ttl }) => ttl > nowSeconds), isComplete };
}

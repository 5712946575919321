import type * as z from 'zod';
import type { ingestDetections, listDetections } from './contract/detections.ts';
import { openCursor, sealCursor } from './cursors.ts';
import { AppError, type FieldError } from './errors.ts';
import { newId } from './ids.ts';
import { DetectionItem } from './table/items.ts';
import { keys, seriesIndex } from './table/keys.ts';
import { create, query, transact } from './table/table.ts';

export type Detection = DetectionItem;
export type NewDetection = z.output<typeof ingestDetections.body>['detections'][number];
type ListQuery = z.output<typeof listDetections.query>;
type Filters = Omit<ListQuery, 'limit' | 'cursor'>;

/** Detections are kept for 90 days from their time. */
const retentionMs = 90 * 86_400_000;
const clockSkewMs = 5 * 60_000;
/** A page with filters examines at most this many detections of a month. */
const examinedPerMonth = 1000;

/**
 * Stores detections; one whose id the tenant has already is a duplicate and changes nothing. When
 * this returns, all of them are durable. Throws `validation_failed` for a time out of bounds.
 */
export async function ingest(
  tenantId: string,
  wanted: readonly NewDetection[],
): Promise<{ accepted: number; duplicates: number }> {
  const nowMs = Date.now();
  assertTimes(wanted, nowMs);
  const byId = new Map<string, Detection>();
  for (const { id = newId('det'), ts = new Date(nowMs).toISOString(), eni_id, ...rest } of wanted) {
    if (!byId.has(id)) byId.set(id, { id, ts, ...rest, ...(eni_id && { eni_id }) });
  }
  let remaining = [...byId.values()];
  while (remaining.length > 0) {
    const failed = await transact(
      remaining.map((detection) => create(toItem(tenantId, detection))),
    );
    if (!failed) break;
    remaining = remaining.filter((_, index) => !failed[index]);
  }
  return { accepted: remaining.length, duplicates: wanted.length - remaining.length };
}

function assertTimes(wanted: readonly NewDetection[], nowMs: number): void {
  const errors = wanted.flatMap(({ ts }, index): FieldError[] => {
    const ageMs = ts === undefined ? 0 : nowMs - Date.parse(ts);
    if (ageMs < -clockSkewMs)
      return [{ in: 'body', pointer: `/detections/${index}/ts`, detail: 'lies in the future' }];
    if (ageMs > retentionMs)
      return [
        { in: 'body', pointer: `/detections/${index}/ts`, detail: 'is more than 90 days ago' },
      ];
    return [];
  });
  if (errors.length > 0) throw new AppError('validation_failed', { errors });
}

const monthOf = (ts: string) => ts.slice(0, 7);

function toItem(tenantId: string, detection: Detection) {
  return {
    ...keys.detection(tenantId, detection.id),
    ...seriesKey(tenantId, detection),
    ...detection,
    ttl: Math.ceil((Date.parse(detection.ts) + retentionMs) / 1000),
  };
}

const seriesKey = (tenantId: string, { ts, id }: Pick<Detection, 'ts' | 'id'>) => ({
  series_pk: keys.detectionSeries(tenantId, monthOf(ts)),
  series_sk: `${ts}#${id}`,
});

/** One page of the tenant's detections, newest first. Throws `invalid_cursor`. */
export async function list(
  tenantId: string,
  { limit, cursor, ...filters }: ListQuery,
): Promise<{ items: Detection[]; next_cursor: string | null }> {
  const scope = { tenantId, list: 'detections', filters };
  const after = cursor === undefined ? undefined : toPosition(await openCursor(scope, cursor));
  const nowMs = Date.now();
  const range = {
    from: latest(filters.from, new Date(nowMs - retentionMs).toISOString()),
    to: earliest(filters.to, new Date(nowMs + clockSkewMs).toISOString()),
  };
  const start = after?.ts ?? range.to;
  const [newest, ...older] = months(start, range.from);
  // DynamoDB refuses a range that ends before it begins, and a position outside the range.
  if (!newest || start < range.from) return { items: [], next_cursor: null };

  const read = (month: string) => readMonth(tenantId, month, range, filters, limit + 1, after);
  const slices = [await read(newest)];
  const isFilled = () => slices.some(({ items, stoppedAt }) => items.length > limit || stoppedAt);
  // Most pages end in the newest month; the others, at most three, are then read side by side.
  if (!isFilled()) slices.push(...(await Promise.all(older.map(read))));

  const { items, stoppedAt } = join(slices);
  const page = items.slice(0, limit);
  const last = items.length > limit ? page.at(-1) : stoppedAt;
  return {
    items: page,
    next_cursor: last ? await sealCursor(scope, { ts: last.ts, id: last.id }) : null,
  };
}

type Position = Pick<Detection, 'ts' | 'id'>;

function toPosition({ ts, id }: Record<string, unknown>): Position {
  if (typeof ts !== 'string' || typeof id !== 'string') throw new AppError('invalid_cursor');
  return { ts, id };
}

const latest = (a: string | undefined, b: string) => (a !== undefined && a > b ? a : b);
const earliest = (a: string | undefined, b: string) => (a !== undefined && a < b ? a : b);

/** The UTC months from one time back to another, newest first. */
function months(to: string, from: string): string[] {
  const found: string[] = [];
  for (let month = monthOf(to); month >= monthOf(from); month = monthBefore(month))
    found.push(month);
  return found;
}

function monthBefore(month: string): string {
  return new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 2))
    .toISOString()
    .slice(0, 7);
}

/** What was found in a month, and where reading stopped if it did before the month's end. */
interface Slice {
  items: Detection[];
  stoppedAt: Position | undefined;
}

async function readMonth(
  tenantId: string,
  month: string,
  range: { from: string; to: string },
  filters: Filters,
  wanted: number,
  after: Position | undefined,
): Promise<Slice> {
  const filter = toFilter(filters);
  const startsHere = after && monthOf(after.ts) === month;
  const { Items = [], LastEvaluatedKey } = await query({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :series AND series_sk BETWEEN :from AND :to',
    ...(filter && { FilterExpression: filter.expression }),
    ExpressionAttributeValues: {
      ':series': keys.detectionSeries(tenantId, month),
      ':from': range.from,
      // Above every `<ts>#<id>` of that time.
      ':to': `${range.to}$`,
      ...filter?.values,
    },
    ScanIndexForward: false,
    Limit: filter ? Math.max(wanted, examinedPerMonth) : wanted,
    ...(startsHere && {
      ExclusiveStartKey: { ...keys.detection(tenantId, after.id), ...seriesKey(tenantId, after) },
    }),
  });
  const [ts, id] = String(LastEvaluatedKey?.series_sk ?? '').split('#');
  return {
    items: Items.map((item) => DetectionItem.parse(item)),
    stoppedAt: ts && id ? { ts, id } : undefined,
  };
}

function toFilter({ label, min_probability, source_ip, eni_id }: Filters) {
  const conditions: [string, string, unknown][] = [
    ['label = :label', ':label', label],
    ['probability >= :min', ':min', min_probability],
    ['source_ip = :ip', ':ip', source_ip],
    ['eni_id = :eni', ':eni', eni_id],
  ];
  const asked = conditions.filter(([, , value]) => value !== undefined);
  if (asked.length === 0) return undefined;
  return {
    expression: asked.map(([condition]) => condition).join(' AND '),
    values: Object.fromEntries(asked.map(([, name, value]) => [name, value])),
  };
}

/** Slices in order, up to the first that was not read to its end. */
function join(slices: readonly Slice[]): Slice {
  const items: Detection[] = [];
  for (const slice of slices) {
    items.push(...slice.items);
    if (slice.stoppedAt) return { items, stoppedAt: slice.stoppedAt };
  }
  return { items, stoppedAt: undefined };
}

/** Fifteen detections of the last quarter of an hour, to look at. */
export function exampleDetections(nowMs: number): NewDetection[] {
  return Array.from({ length: 15 }, (_, index) => ({
    ts: new Date(nowMs - index * 60_000).toISOString(),
    source_ip: `192.168.0.${2 + ((index * 37) % 253)}`,
    label: 'MALWARE',
    probability: 0.55 + ((index * 7) % 41) / 100,
  }));
}

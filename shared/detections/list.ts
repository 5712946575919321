import type * as z from 'zod/mini';
import { invalidCursor } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { openCursor, sealCursor } from '../runtime/cursors.ts';
import { TtlCache } from '../runtime/ttl-cache.ts';
import { seriesIndex } from '../table/family.ts';
import { query } from '../table/table.ts';
import type { listDetections } from './contract/detections.ts';
import { vniOf } from './enis.ts';
import { DetectionItem } from './items.ts';
import { detectionKeys } from './keys.ts';
import { clockSkewMs, horizonOf, type Plan, usualPlan } from './retention.ts';

export type Detection = Omit<DetectionItem, 'ttl'> & { vni?: number };
type ListQuery = z.output<typeof listDetections.query>;
type Filters = Omit<ListQuery, 'limit' | 'cursor'>;

/** A page with filters examines at most this many detections of a quarter, and so does a portion. */
const examinedPerQuarter = 1000;

/** `2026-11-20T…` → `2026Q4` */
const quarterOf = (ts: string) => `${ts.slice(0, 4)}Q${Math.ceil(Number(ts.slice(5, 7)) / 3)}`;

/** Position of a detection in the series of its tenant. */
export const seriesKey = (tenantId: string, { ts, id }: Pick<Detection, 'ts' | 'id'>) => ({
  series_pk: detectionKeys.detectionSeries(tenantId, quarterOf(ts)),
  series_sk: `${ts}#${id}`,
});

/**
 * One page of the tenant's detections, newest first. The plan, which may become known only while
 * the newest quarters are read, says how far back it goes. Throws `invalid_cursor`.
 */
export async function list(
  tenantId: string,
  { limit, cursor, ...filters }: ListQuery,
  plan: () => Promise<Plan> = async () => null,
): Promise<{ items: Detection[]; next_cursor: string | null }> {
  const scope = { tenantId, list: 'detections', filters };
  const after = cursor === undefined ? undefined : toPosition(await openCursor(scope, cursor));
  const nowMs = Date.now();
  const range = rangeOf(filters, nowMs);
  const start = after?.ts ?? range.to;
  // DynamoDB refuses a range that ends before it begins, and a position outside the range.
  if (start < range.from) return { items: [], next_cursor: null };
  const read = (from: string[]) =>
    Promise.all(
      from.map((quarter) => readQuarter(tenantId, quarter, range, filters, limit + 1, after)),
    );

  // The usual ninety days lie in two quarters, at a quarter's end in three. Where the newest is likely
  // to fill the page it is read alone, else all of them side by side: one round trip, while the plan
  // is read. A page with room left costs one more, for the quarters that the plan has beyond.
  const usual = quarters(start, latest(range.from, horizonOf(usualPlan, nowMs)));
  const begin = beginOf(tenantId, start, filters);
  const isLikelyFull = after !== undefined || begin.hasFilled(limit);
  const ahead = isLikelyFull ? usual.slice(0, 1) : usual;
  const [newest, known, vni] = await Promise.all([read(ahead), plan(), vniOf(tenantId)]);
  if (newest[0] && !after) begin.note(limit, isFull(newest[0], limit));
  const horizon = latest(range.from, horizonOf(known, nowMs));
  const first = join(newest);
  const older = isFull(first, limit)
    ? []
    : quarters(start, horizon).filter((quarter) => !ahead.includes(quarter));
  const rest = join(await read(older));
  const found = [...first.items, ...rest.items];
  const stoppedAt = first.stoppedAt ?? rest.stoppedAt;

  const kept = found.filter(({ ts }) => ts >= horizon);
  const page = kept.slice(0, limit);
  const isOver = kept.length < found.length || (stoppedAt?.ts ?? '') < horizon;
  const last = kept.length > limit ? page.at(-1) : isOver ? undefined : stoppedAt;
  return {
    items: page.map((item) => toDetection(item, vni)),
    next_cursor: last ? await sealCursor(scope, { ts: last.ts, id: last.id }) : null,
  };
}

/**
 * All of the tenant's detections that the filters let pass, newest first and as far back as the plan
 * goes, in portions. Each is read when it is asked for, and is empty where the filters let none pass.
 */
export async function* readAll(
  tenantId: string,
  filters: Filters,
  plan: Plan,
): AsyncGenerator<Detection[]> {
  const nowMs = Date.now();
  const { from, to } = rangeOf(filters, nowMs);
  const range = { from: latest(from, horizonOf(plan, nowMs)), to };
  // DynamoDB refuses a range that ends before it begins.
  if (range.to < range.from) return;
  const vni = await vniOf(tenantId);
  for (const quarter of quarters(range.to, range.from)) {
    let after: Position | undefined;
    do {
      const slice = await readQuarter(tenantId, quarter, range, filters, examinedPerQuarter, after);
      yield slice.items.map((item) => toDetection(item, vni));
      after = slice.stoppedAt;
    } while (after);
  }
}

const rangeOf = ({ from, to }: Filters, nowMs: number) => ({
  // Below every time: DynamoDB takes no empty text in a key.
  from: from ?? '0',
  to: earliest(to, new Date(nowMs + clockSkewMs).toISOString()),
});

const toDetection = (
  { ttl: _, ...detection }: DetectionItem,
  vni: number | undefined,
): Detection => ({
  ...detection,
  ...(vni !== undefined && { vni }),
});

type Position = Pick<Detection, 'ts' | 'id'>;

function toPosition({ ts, id }: Record<string, unknown>): Position {
  if (typeof ts !== 'string' || typeof id !== 'string') throw new AppError(invalidCursor);
  return { ts, id };
}

const latest = (a: string | undefined, b: string) => (a !== undefined && a > b ? a : b);
const earliest = (a: string | undefined, b: string) => (a !== undefined && a < b ? a : b);

/** The quarters from one time back to another, newest first; none if the other is a later one. */
function quarters(to: string, from: string): string[] {
  if (quarterOf(to) < quarterOf(from)) return [];
  const found = [quarterOf(to)];
  for (let quarter = quarterOf(to); quarter > quarterOf(from); ) {
    quarter = quarterBefore(quarter);
    found.push(quarter);
  }
  return found;
}

function quarterBefore(quarter: string): string {
  const [year, number] = [Number(quarter.slice(0, 4)), Number(quarter.slice(5))];
  return number > 1
    ? `${quarter.slice(0, 4)}Q${number - 1}`
    : `${String(year - 1).padStart(4, '0')}Q4`;
}

/** What was found in a quarter, and where reading stopped if it did before the quarter's end. */
interface Slice {
  items: DetectionItem[];
  stoppedAt: Position | undefined;
}

const isFull = ({ items, stoppedAt }: Slice, limit: number) =>
  stoppedAt !== undefined || items.length > limit;

const hintMaxAgeMs = 60 * 60_000;
/** The largest page that a quarter has filled from where lists of it begin, by list. */
const filledPages = new TtlCache<number>({ maxAgeMs: hintMaxAgeMs });

/** What this container knows of where a list begins: a hint of what to read ahead, not of what there is. */
function beginOf(tenantId: string, start: string, filters: Filters) {
  const { from: _, to: __, ...conditions } = filters;
  const key = `${tenantId}/${quarterOf(start)}/${JSON.stringify(conditions)}`;
  const filled = filledPages.get(key) ?? 0;
  return {
    hasFilled: (limit: number) => limit <= filled,
    note: (limit: number, isFilled: boolean) => {
      if (isFilled && limit > filled) filledPages.set(key, limit);
      if (!isFilled && limit <= filled) filledPages.set(key, 0);
    },
  };
}

async function readQuarter(
  tenantId: string,
  quarter: string,
  range: { from: string; to: string },
  filters: Filters,
  wanted: number,
  after: Position | undefined,
): Promise<Slice> {
  const filter = toFilter(filters);
  const nowSeconds = Date.now() / 1000;
  const startsHere = after && quarterOf(after.ts) === quarter;
  const { Items = [], LastEvaluatedKey } = await query({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :series AND series_sk BETWEEN :from AND :to',
    ...(filter && { FilterExpression: filter.expression }),
    ExpressionAttributeValues: {
      ':series': detectionKeys.detectionSeries(tenantId, quarter),
      ':from': range.from,
      // Above every `<ts>#<id>` of that time.
      ':to': `${range.to}$`,
      ...filter?.values,
    },
    ScanIndexForward: false,
    Limit: filter ? Math.max(wanted, examinedPerQuarter) : wanted,
    ...(startsHere && {
      ExclusiveStartKey: {
        ...detectionKeys.detection(tenantId, after.id),
        ...seriesKey(tenantId, after),
      },
    }),
  });
  const [ts, id] = String(LastEvaluatedKey?.series_sk ?? '').split('#');
  return {
    // What has expired may not be deleted yet.
    items: Items.map((item) => DetectionItem.parse(item)).filter(({ ttl }) => ttl >= nowSeconds),
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
  const items: DetectionItem[] = [];
  for (const slice of slices) {
    items.push(...slice.items);
    if (slice.stoppedAt) return { items, stoppedAt: slice.stoppedAt };
  }
  return { items, stoppedAt: undefined };
}

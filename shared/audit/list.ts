import type * as z from 'zod/mini';
import { invalidCursor } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { openCursor, sealCursor } from '../runtime/cursors.ts';
import { query } from '../table/table.ts';
import type { listAuditEvents } from './contract.ts';
import { createdAtMs, idsAt, monthOf, timeOf } from './ids.ts';
import { AuditEntryItem } from './items.ts';
import { auditKeys } from './keys.ts';
import { entryKeptMs } from './retention.ts';

type ListQuery = z.output<typeof listAuditEvents.query>;
type Filters = Omit<ListQuery, 'limit' | 'cursor'>;

/** An audit entry as the API shows it. */
export interface AuditEvent {
  id: string;
  ts: string;
  type: string;
  actor: AuditEntryItem['actor'];
  subject: string | null;
  address_hash: string | null;
  trace_id: string | null;
  data: AuditEntryItem['data'];
}

/** A page examines at most this many entries, whatever the filters let pass. */
const examinedPerPage = 1000;
/** Clocks of functions differ by less. */
const clockSkewMs = 5 * 60_000;

/**
 * One page of the tenant's audit log, newest first. It reads one month after the other, none from
 * before the tenant was made or past the retention. Throws `invalid_cursor`.
 */
export async function listEvents(
  tenantId: string,
  { limit, cursor, ...filters }: ListQuery,
): Promise<{ items: AuditEvent[]; next_cursor: string | null }> {
  const scope = { tenantId, list: 'audit-events', filters };
  const after = cursor === undefined ? undefined : toPosition(await openCursor(scope, cursor));
  const range = rangeOf(tenantId, filters, Date.now());
  const { found, stoppedAt } = await read(tenantId, filters, range, limit + 1, after);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1)?.id : stoppedAt;
  return {
    items: page.map(toEvent),
    next_cursor: last === undefined ? null : await sealCursor(scope, { id: last }),
  };
}

interface Range {
  fromMs: number;
  toMs: number;
}

function rangeOf(tenantId: string, { from, to }: Filters, nowMs: number): Range {
  const horizonMs = Math.max(nowMs - entryKeptMs, createdAtMs(tenantId) - clockSkewMs);
  const newestMs = nowMs + clockSkewMs;
  return {
    fromMs: Math.max(from === undefined ? 0 : Date.parse(from), horizonMs),
    toMs: to === undefined ? newestMs : Math.min(Date.parse(to), newestMs),
  };
}

/** Up to `wanted` entries, and the id at which reading stopped if that was before the end. */
async function read(
  tenantId: string,
  filters: Filters,
  { fromMs, toMs }: Range,
  wanted: number,
  after: string | undefined,
): Promise<{ found: AuditEntryItem[]; stoppedAt: string | undefined }> {
  const found: AuditEntryItem[] = [];
  const filter = toFilter(filters);
  let left = examinedPerPage;
  const startMs = after === undefined ? toMs : Math.min(timeOf(after), toMs);
  for (let endMs = startMs; endMs >= fromMs; endMs = beginOfMonth(endMs) - 1) {
    const month = monthOf(endMs);
    const beginMs = Math.max(fromMs, beginOfMonth(endMs));
    const lowest = idsAt(beginMs).lowest;
    if (left === 0) return { found, stoppedAt: idsAt(endMs + 1).lowest };
    const startsHere = after !== undefined && monthOf(timeOf(after)) === month;
    const {
      Items = [],
      ScannedCount = 0,
      LastEvaluatedKey,
    } = await query({
      KeyConditionExpression: 'pk = :month AND sk BETWEEN :lowest AND :highest',
      ...(filter && {
        FilterExpression: filter.expression,
        ExpressionAttributeNames: filter.names,
      }),
      ExpressionAttributeValues: {
        ':month': auditKeys.entriesOf(tenantId, month),
        ':lowest': lowest,
        ':highest': idsAt(Math.min(toMs, endOfMonth(endMs))).highest,
        ...filter?.values,
      },
      ScanIndexForward: false,
      Limit: filter ? left : Math.min(left, wanted - found.length),
      ...(startsHere && { ExclusiveStartKey: auditKeys.entry(tenantId, month, after) }),
    });
    left -= ScannedCount;
    found.push(...Items.map((item) => AuditEntryItem.parse(item)));
    if (found.length >= wanted) return { found, stoppedAt: undefined };
    if (LastEvaluatedKey) return { found, stoppedAt: String(LastEvaluatedKey.sk) };
  }
  return { found, stoppedAt: undefined };
}

const beginOfMonth = (ms: number) =>
  Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth());
const endOfMonth = (ms: number) =>
  Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth() + 1) - 1;

function toFilter({ type, actor }: Filters) {
  const conditions: [string, Record<string, string>, string, unknown][] = [
    ['#type = :type', { '#type': 'type' }, ':type', type],
    ['#actor.#id = :actor', { '#actor': 'actor', '#id': 'id' }, ':actor', actor],
  ];
  const asked = conditions.filter(([, , , value]) => value !== undefined);
  if (asked.length === 0) return undefined;
  return {
    expression: asked.map(([condition]) => condition).join(' AND '),
    names: Object.assign({}, ...asked.map(([, names]) => names)) as Record<string, string>,
    values: Object.fromEntries(asked.map(([, , name, value]) => [name, value])),
  };
}

function toPosition({ id }: Record<string, unknown>): string {
  if (typeof id !== 'string') throw new AppError(invalidCursor);
  return id;
}

const toEvent = ({ subject, address_hash, trace_id, ...entry }: AuditEntryItem): AuditEvent => ({
  ...entry,
  subject: subject ?? null,
  address_hash: address_hash ?? null,
  trace_id: trace_id ?? null,
});

import type * as z from 'zod/mini';
import { validationFailed } from '../contract/core-errors.ts';
import { AppError, type FieldError } from '../contract/errors.ts';
import { type Announcer, announcerOf } from '../events/publish.ts';
import { type UsageRecorder, usageRecorder } from '../metering/meter.ts';
import { newId } from '../runtime/ids.ts';
import { create, transact } from '../table/table.ts';
import type { Ingested as IngestedSchema, ingestDetections } from './contract/detections.ts';
import { checkReportedEnis, noteReporter } from './enis.ts';
import { eniClaimed } from './errors.ts';
import { detectionCreated } from './events.ts';
import { detectionIds } from './ids.ts';
import { detectionKeys } from './keys.ts';
import { type Detection, seriesKey } from './list.ts';
import { detectionsIngested } from './meters.ts';
import { clockSkewMs, dayMs, daysOf, type Plan } from './retention.ts';
import { countWrites, inTransactions, newShard } from './statistics.ts';

export type NewDetection = z.output<typeof ingestDetections.body>['detections'][number];

type Ingested = z.output<typeof IngestedSchema>;

/**
 * Stores detections; one whose id the tenant has already is a duplicate and changes nothing, and one
 * of another tenant's interface is refused. When this returns, all others are durable. The plan says
 * how old one may be and how long it is kept. Throws `validation_failed` for a time out of bounds, and
 * when all are refused.
 */
export async function ingest(
  tenantId: string,
  reported: readonly NewDetection[],
  plan: Plan = null,
): Promise<Ingested> {
  const nowMs = Date.now();
  const [enis, announcer, recorder] = await Promise.all([
    checkReportedEnis(tenantId, reported),
    announcerOf(tenantId, detectionCreated),
    usageRecorder(tenantId, detectionsIngested),
  ]);
  const isForeign = ({ eni_id }: NewDetection) => eni_id !== undefined && enis.foreign.has(eni_id);
  const wanted = reported.filter((detection) => !isForeign(detection));
  const errors = [
    ...timeErrors(reported, daysOf(plan), nowMs),
    ...(wanted.length === 0 ? reported.map((_, index) => foreignError(index)) : []),
  ];
  if (errors.length > 0) throw new AppError(validationFailed, { errors });
  const byId = new Map<string, Detection>();
  for (const {
    id = newId(detectionIds),
    ts = new Date(nowMs).toISOString(),
    eni_id,
    ...rest
  } of wanted) {
    if (!byId.has(id)) byId.set(id, { id, ts, ...rest, ...(eni_id && { eni_id }) });
  }
  await noteReporter(tenantId, enis.unclaimed);
  const shard = newShard();
  const stored = await Promise.allSettled(
    inTransactions([...byId.values()], announcer.writeCount + recorder.writeCount).map(
      (part, index) =>
        store(tenantId, part, { days: daysOf(plan), shard: shard + index, announcer, recorder }),
    ),
  );
  const failure = stored.find((part) => part.status === 'rejected');
  if (failure) throw failure.reason;
  const counts = stored.map((part) => (part.status === 'fulfilled' ? part.value : 0));
  const accepted = counts.reduce((total, count) => total + count, 0);
  const refused = reported.flatMap((detection, index) =>
    isForeign(detection) ? { index, id: detection.id, code: eniClaimed.code } : [],
  );
  const duplicates = wanted.length - accepted;
  return { accepted, duplicates, ...(refused.length > 0 && { refused }) };
}

interface Storing {
  readonly days: number;
  readonly shard: number;
  readonly announcer: Announcer;
  readonly recorder: UsageRecorder;
}

/**
 * Stores detections, counts those that are new, for statistics and for sale, and writes their event,
 * in one transaction. Returns how many were new.
 */
async function store(
  tenantId: string,
  detections: readonly Detection[],
  { days, shard, announcer, recorder }: Storing,
): Promise<number> {
  let remaining = detections;
  while (remaining.length > 0) {
    const event = announcer.prepare({
      count: remaining.length,
      detection_ids: remaining.map(({ id }) => id),
    });
    const usage = recorder.usageWrites(remaining.length);
    const failed = await transact([
      ...remaining.map((detection) => create(toItem(tenantId, detection, days))),
      ...countWrites(tenantId, remaining, days, shard),
      ...event.writes,
      ...usage.writes,
    ]);
    if (!failed) {
      usage.written();
      await event.send();
      break;
    }
    if (failed.slice(failed.length - usage.writes.length).includes(true)) await usage.refused();
    remaining = remaining.filter((_, index) => !failed[index]);
  }
  return remaining.length;
}

const foreignError = (index: number): FieldError => ({
  in: 'body',
  pointer: `/detections/${index}/eni_id`,
  detail: 'is claimed by another tenant',
});

function timeErrors(wanted: readonly NewDetection[], days: number, nowMs: number): FieldError[] {
  return wanted.flatMap(({ ts }, index): FieldError[] => {
    const ageMs = ts === undefined ? 0 : nowMs - Date.parse(ts);
    if (ageMs < -clockSkewMs)
      return [{ in: 'body', pointer: `/detections/${index}/ts`, detail: 'lies in the future' }];
    if (ageMs > days * dayMs)
      return [
        { in: 'body', pointer: `/detections/${index}/ts`, detail: `is more than ${days} days ago` },
      ];
    return [];
  });
}

function toItem(tenantId: string, detection: Detection, days: number) {
  return {
    ...detectionKeys.detection(tenantId, detection.id),
    ...seriesKey(tenantId, detection),
    ...detection,
    ttl: Math.ceil((Date.parse(detection.ts) + days * dayMs) / 1000),
  };
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

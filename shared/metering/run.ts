import { logger } from '../runtime/logger.ts';
import { changes } from '../table/changes.ts';
import { getItem, queryPages, tryUpdate } from '../table/table.ts';
import { deadlineOf, type Hour, hourMs, hourOf, hoursAfter, monthOf } from './hours.ts';
import { HourItem, MeteredItem, RunItem } from './items.ts';
import { meteringKeys } from './keys.ts';
import { dimensionsOf } from './lookup.ts';
import { meteredPages, meteredShards, shardOf } from './metered-licenses.ts';
import { isSettled, type SealedUsage, sealHour } from './seal.ts';
import {
  MeteringMisconfigured,
  maxBytes,
  maxRecords,
  type SendOptions,
  sendBatch,
  toRecord,
} from './send.ts';
import { settle } from './settle.ts';

export interface RunOptions extends SendOptions {
  readonly pageSize?: number;
}

export interface RunSummary {
  licenses: number;
  records: number;
  batches: number;
  /** Whether it got to the end; the next run begins where this one has stopped. */
  isComplete: boolean;
}

/** Licenses whose hours are sealed side by side. */
const atOnce = 10;
/** Longer than a function may run. */
const leaseMs = 16 * 60_000;
/** Before AWS Marketplace stops taking an hour: for what is on its way. */
const marginMs = 60_000;
/** What comes late for a license that is over is gathered until this long before the end. */
const lastCallMs = 20 * 60_000;
/** A license that is over stays listed for the reconciliation of its last month. */
const listedMs = 62 * 24 * hourMs;

/**
 * Reports every hour that is over, of every metered license: first each hour is sealed, then it is
 * sent, then its status is kept. A run that stops between any two of these is made up for by the next
 * one. Only one run is at work. Throws when AWS Marketplace refuses a product altogether, at the end.
 */
export async function meterHours(options: RunOptions): Promise<RunSummary> {
  const summary: RunSummary = { licenses: 0, records: 0, batches: 0, isComplete: false };
  const nowMs = Date.now();
  const start = await beginRun(nowMs);
  if (!start) return summary;
  const outbox = new Outbox(options, summary);
  const stoppedAt = await goThrough(start, options, async (page) => {
    for (let index = 0; index < page.length; index += atOnce) {
      const some = page.slice(index, index + atOnce).filter(({ closed_at }) => !closed_at);
      const due = await Promise.all(some.map((license) => dueOf(license, nowMs)));
      summary.licenses += some.length;
      for (const one of due) await outbox.add(one);
    }
  });
  summary.isComplete = stoppedAt === undefined;
  await outbox.flush();
  await endRun(stoppedAt ?? { shard: 0 });
  outbox.assertConfigured();
  return summary;
}

type Place = Pick<RunItem, 'shard' | 'after'>;

/**
 * Takes the licenses of all shards, page by page, from a place on and around to it again. Returns
 * where it stopped for lack of time; undefined at the end.
 */
async function goThrough(
  start: Place,
  { hasTime, pageSize = 200 }: RunOptions,
  take: (page: readonly MeteredItem[]) => Promise<void>,
): Promise<Place | undefined> {
  for (let count = 0; count <= meteredShards; count += 1) {
    const shard = (start.shard + count) % meteredShards;
    const after = count === 0 ? start.after : undefined;
    if (count === meteredShards && start.after === undefined) break;
    for await (const page of meteredPages(shard, pageSize, after)) {
      await take(page);
      if (!hasTime()) return { shard, after: page.at(-1)?.license_id ?? after };
    }
  }
  return undefined;
}

/**
 * Reports the last usage of a license that is over, the hour that it ended in included, and then what
 * has come late. Returns until when more may come; undefined when there is nothing to wait for.
 */
export async function meterLicense(
  licenseId: string,
  options: SendOptions,
): Promise<number | undefined> {
  const item = await getItem(meteringKeys.metered(shardOf(licenseId), licenseId));
  if (!item) return undefined;
  const license = MeteredItem.parse(item);
  const outbox = new Outbox(options, { licenses: 1, records: 0, batches: 0, isComplete: true });
  await outbox.add(await dueOf(license, Date.now()));
  await outbox.flush();
  outbox.assertConfigured();
  const untilMs = license.until === undefined ? 0 : Date.parse(license.until);
  return untilMs > Date.now() ? untilMs : undefined;
}

/** Undefined while another run is at work. */
async function beginRun(nowMs: number): Promise<RunItem | undefined> {
  const run = await tryUpdate({
    Key: meteringKeys.run(),
    ...changes({
      set: { until_ms: nowMs + leaseMs },
      if: [
        // A lease that ends later than any could is of a clock that was wrong.
        'attribute_not_exists(until_ms) OR until_ms <= :now OR until_ms > :far',
        { now: nowMs, far: nowMs + 2 * leaseMs },
      ],
    }),
    ReturnValues: 'ALL_NEW',
  });
  if (!run) logger.warn('metering_under_way');
  return run && RunItem.parse(run);
}

async function endRun({ shard, after }: Place): Promise<void> {
  await tryUpdate({
    Key: meteringKeys.run(),
    ...changes({
      set: { until_ms: 0, shard, after },
      remove: after === undefined ? ['after'] : [],
    }),
  });
}

/** What is to be reported of a license, and how far it is accounted for then. */
interface Due {
  readonly license: MeteredItem;
  readonly usages: readonly SealedUsage[];
  /** Every hour up to this is in `usages`, or settled. */
  readonly through: Hour;
  readonly isOver: boolean;
}

/** Seals what is over and returns what is to be sent. What is too late is given up. */
async function dueOf(license: MeteredItem, nowMs: number): Promise<Due> {
  const dimensions = dimensionsOf(license).map(({ key }) => key);
  const current = hourOf(nowMs);
  const over = license.over_at === undefined ? undefined : hourOf(Date.parse(license.over_at));
  const isOver = over !== undefined && Date.parse(license.over_at ?? '') <= nowMs;
  const last = isOver && over < current ? over : isOver ? current : hoursAfter(current, -1);
  const usages: SealedUsage[] = [];
  const take = async (dimension: string, hour: Hour) => {
    const usage = await sealHour(license, dimension, hour);
    if (isSettled(usage.status)) return;
    if (nowMs < deadlineOf(hour) - marginMs) usages.push(usage);
    else await settle(usage, { status: usage.quantity > 0 ? 'EXPIRED' : 'SKIPPED' });
  };
  for (let hour = hoursAfter(license.settled_through, 1); hour <= last; hour = hoursAfter(hour, 1))
    for (const dimension of dimensions) await take(dimension, hour);
  if (isOver)
    for (const { dimension, hour } of await lateHours(license, last, nowMs))
      await take(dimension, hour);
  const through = last > license.settled_through ? last : license.settled_through;
  return { license, usages, through, isOver };
}

/** The hours after the end of a license in which something was counted that came late. */
async function lateHours(
  { tenant_id, license_id, until }: MeteredItem,
  last: Hour,
  nowMs: number,
): Promise<{ dimension: string; hour: Hour }[]> {
  const { pk } = meteringKeys.month(tenant_id, license_id, monthOf(nowMs), 'x');
  const isLastCall = until !== undefined && nowMs >= Date.parse(until) - lastCallMs;
  const current = hourOf(nowMs);
  const found: { dimension: string; hour: Hour }[] = [];
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':pk': pk,
      ':from': `HOUR#${hoursAfter(last, 1)}`,
      ':to': `HOUR#${hoursAfter(current, 1)}`,
    },
    ConsistentRead: true,
  });
  for await (const { items } of pages)
    for (const item of items) {
      const [, hour = '', dimension = '', part] = String(item.sk).split('#');
      const isDue = hour < current || (hour === current && isLastCall);
      if (part === undefined && isDue && !isSettled(HourItem.parse(item).status))
        found.push({ dimension, hour });
    }
  return found;
}

/** Gathers records by product, sends them 25 at a time, and notes how far licenses are accounted for. */
class Outbox {
  readonly #options: SendOptions;
  readonly #summary: RunSummary;
  readonly #waiting = new Map<string, { usages: SealedUsage[]; bytes: number }>();
  /** Licenses with records that were not sent yet, by how many. */
  readonly #open = new Map<MeteredItem, { due: Due; count: number; isStuck: boolean }>();
  readonly #broken = new Map<string, MeteringMisconfigured>();

  constructor(options: SendOptions, summary: RunSummary) {
    this.#options = options;
    this.#summary = summary;
  }

  async add(due: Due): Promise<void> {
    const { license, usages } = due;
    if (usages.length === 0) return note(due);
    this.#open.set(license, { due, count: usages.length, isStuck: false });
    for (const usage of usages) await this.#put(license.product_code, usage);
  }

  async #put(productCode: string, usage: SealedUsage): Promise<void> {
    const bytes = JSON.stringify(toRecord(usage)).length;
    const box = this.#waiting.get(productCode) ?? { usages: [], bytes: 0 };
    this.#waiting.set(productCode, box);
    if (box.bytes + bytes > maxBytes) await this.#send(productCode);
    const { usages } = this.#waiting.get(productCode) ?? box;
    usages.push(usage);
    this.#waiting.set(productCode, { usages, bytes: this.#bytesOf(productCode) + bytes });
    if (usages.length === maxRecords) await this.#send(productCode);
  }

  #bytesOf(productCode: string): number {
    return this.#waiting.get(productCode)?.bytes ?? 0;
  }

  async flush(): Promise<void> {
    for (const productCode of [...this.#waiting.keys()]) await this.#send(productCode);
  }

  async #send(productCode: string): Promise<void> {
    const { usages = [] } = this.#waiting.get(productCode) ?? {};
    this.#waiting.set(productCode, { usages: [], bytes: 0 });
    if (usages.length === 0) return;
    const left = new Set(await this.#try(productCode, usages));
    this.#summary.records += usages.length - left.size;
    this.#summary.batches += 1;
    for (const usage of usages) await this.#account(usage, left.has(usage));
  }

  /** A product that is refused altogether does not keep the others from being metered. */
  async #try(productCode: string, usages: readonly SealedUsage[]) {
    if (this.#broken.has(productCode)) return usages;
    try {
      return await sendBatch(productCode, usages, this.#options);
    } catch (error) {
      if (!(error instanceof MeteringMisconfigured)) throw error;
      this.#broken.set(productCode, error);
      return usages;
    }
  }

  async #account({ license }: SealedUsage, isLeft: boolean): Promise<void> {
    const one = this.#open.get(license);
    if (!one) return;
    one.count -= 1;
    one.isStuck ||= isLeft;
    if (one.count > 0) return;
    this.#open.delete(license);
    if (!one.isStuck) await note(one.due);
  }

  /** Throws what was wrong with a product. */
  assertConfigured(): void {
    const [first] = this.#broken.values();
    if (first) throw first;
  }
}

/**
 * Notes how far a license is accounted for, and that a license that is over needs no more runs. Hours
 * with a status that is not the last one hold it back: the next run comes to them again.
 */
async function note({ license, usages, through, isOver }: Due): Promise<void> {
  const nowMs = Date.now();
  const isClosed = isOver && license.until !== undefined && nowMs > Date.parse(license.until);
  const stuck = usages.find(({ status }) => !isSettled(status));
  const reached = stuck && stuck.hour <= through ? hoursAfter(stuck.hour, -1) : through;
  const closes = isClosed && !stuck;
  if (reached === license.settled_through && !closes) return;
  await tryUpdate({
    Key: meteringKeys.metered(shardOf(license.license_id), license.license_id),
    ...changes({
      set: {
        settled_through: reached,
        ...(closes && {
          closed_at: new Date(nowMs).toISOString(),
          ttl: Math.ceil((nowMs + listedMs) / 1000),
        }),
      },
      // Another tenant may have got the license, and another run may have got further.
      if: [
        'tenant_id = :tenant AND settled_through <= :reached',
        { tenant: license.tenant_id, reached },
      ],
    }),
  });
}

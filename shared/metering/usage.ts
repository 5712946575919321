import { readLicenses } from '../marketplace/access.ts';
import type { LicenseItem } from '../marketplace/items.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { seriesIndex } from '../table/family.ts';
import { queryPages } from '../table/table.ts';
import { boundsOf, hourMs, hourOf, monthOf } from './hours.ts';
import { HourItem, HourPartItem, MonthItem, type RecordStatus } from './items.ts';
import { failedUsage as failedPartition, meteringKeys } from './keys.ts';
import { dimensionsOf } from './lookup.ts';
import { isMeteredLicense, meteredPages, meteredShards } from './metered-licenses.ts';
import { usageDifferences } from './metrics.ts';
import { isSettled } from './seal.ts';

/** Usage of a metered dimension in a month, over the licenses of a tenant. */
export interface MonthUsage {
  readonly dimension: string;
  readonly quantity: number;
  readonly period_start: string;
  readonly period_end: string;
}

/** Hours that are not in the sum of their month yet are hardly older than this. */
const unsettledHours = 48;

/**
 * What a tenant has used this month, UTC, of each metered dimension of its licenses: of those that are
 * active, and those that ended this month. What was not used is there with 0.
 */
export async function usageOfMonth(
  tenantId: string,
  all: readonly LicenseItem[],
  nowMs: number,
): Promise<MonthUsage[]> {
  const month = monthOf(nowMs);
  const { startMs, endMs } = boundsOf(month);
  const start = new Date(startMs).toISOString();
  const licenses = all.filter(
    (license) =>
      isMeteredLicense(license) &&
      (license.status === 'ACTIVE' || (license.ends_at !== null && license.ends_at >= start)),
  );
  const sums = new Map<string, number>();
  for (const license of licenses)
    for (const { key } of dimensionsOf(license)) sums.set(key, sums.get(key) ?? 0);
  const used = await Promise.all(
    licenses.map(({ license_id }) => monthSums(tenantId, license_id, month, nowMs)),
  );
  for (const [dimension, quantity] of used.flatMap((one) => [...one]))
    if (sums.has(dimension)) sums.set(dimension, (sums.get(dimension) ?? 0) + quantity);
  return [...sums].map(([dimension, quantity]) => ({
    dimension,
    quantity,
    period_start: start,
    period_end: new Date(endMs).toISOString(),
  }));
}

/** The sum of the month and the hours that are not in it yet, in one read. */
async function monthSums(tenantId: string, licenseId: string, month: string, nowMs: number) {
  const from = hourOf(Math.max(boundsOf(month).startMs, nowMs - unsettledHours * hourMs));
  const last = meteringKeys.month(tenantId, licenseId, month, 'x').sk.slice(0, -1);
  const sums = new Map<string, number>();
  const settled = new Set<string>();
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':pk': meteringKeys.usageOf(tenantId, licenseId),
      ':from': `HOUR#${from}`,
      ':to': `${last}~`,
    },
    ConsistentRead: true,
  });
  for await (const { items } of pages)
    for (const item of items) {
      const [kind, time = '', dimension = '', part] = String(item.sk).split('#');
      const name = `${time}#${dimension}`;
      if (kind === 'MONTH' ? time !== month : monthOf(time) !== month) continue;
      if (part === undefined && isSettled(HourItem.parse(item).status) && kind === 'HOUR')
        settled.add(name);
      // The hour itself comes before its parts.
      if (settled.has(name) || item.tags !== undefined) continue;
      sums.set(dimension, (sums.get(dimension) ?? 0) + HourPartItem.parse(item).quantity);
    }
  return sums;
}

/** Usage of a license's dimension in a month: what was counted, and what became of it. */
export interface LicenseUsage {
  readonly tenant_id: string;
  readonly license_id: string;
  readonly product_code: string;
  readonly dimension: string;
  readonly recorded: number;
  readonly accepted: number;
  /** Not sent yet, or to be sent again. */
  readonly pending: number;
  /** `recorded - accepted - pending`, and more where the sum of the month is wrong. 0 is right. */
  readonly difference: number;
  readonly failed: readonly { hour: string; status: RecordStatus; quantity: number }[];
}

type Names = Pick<LicenseItem, 'license_id' | 'product_code'>;

/** What was counted of a license in a month, from every hour of it, beside what was accepted. */
async function licenseUsage(
  tenantId: string,
  { license_id, product_code }: Names,
  month: string,
): Promise<LicenseUsage[]> {
  const hours = new Map<
    string,
    { dimension: string; hour: string; sum: number; item?: HourItem }
  >();
  const months = new Map<string, MonthItem>();
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: {
      ':pk': meteringKeys.usageOf(tenantId, license_id),
      ':from': `HOUR#${month}`,
      ':to': `MONTH#${month}#~`,
    },
    ConsistentRead: true,
  });
  for await (const { items } of pages)
    for (const item of items) {
      const [kind, time = '', dimension = '', part] = String(item.sk).split('#');
      if (monthOf(time) !== month) continue;
      if (kind === 'MONTH') months.set(dimension, MonthItem.parse(item));
      else if (item.tags === undefined) {
        const name = `${time}#${dimension}`;
        const one = hours.get(name) ?? { dimension, hour: time, sum: 0 };
        one.sum += HourPartItem.parse(item).quantity;
        if (part === undefined) one.item = HourItem.parse(item);
        hours.set(name, one);
      }
    }
  return dimensionsOf({ product_code }).map(({ key }) => {
    const all = [...hours.values()].filter(({ dimension }) => dimension === key);
    const sum = (some: typeof all) => some.reduce((total, one) => total + one.sum, 0);
    const recorded = sum(all);
    const accepted = all.reduce(
      (total, { item }) => total + (item?.status === 'Success' ? (item.total ?? 0) : 0),
      0,
    );
    const pending = sum(all.filter(({ item }) => !isSettled(item?.status)));
    const kept = months.get(key) ?? { quantity: 0, accepted: 0 };
    const isMonthRight = kept.quantity === recorded - pending && kept.accepted === accepted;
    const difference = recorded - accepted - pending;
    return {
      tenant_id: tenantId,
      license_id,
      product_code,
      dimension: key,
      recorded,
      accepted,
      pending,
      difference: difference === 0 && !isMonthRight ? accepted - kept.accepted || 1 : difference,
      failed: all.flatMap(({ hour, item }) =>
        item?.status && item.status !== 'Success' && item.status !== 'SKIPPED'
          ? [{ hour, status: item.status, quantity: item.total ?? 0 }]
          : [],
      ),
    };
  });
}

/** What a tenant has used in a month (`2026-11`), by license and dimension. For the operator. */
export async function reportUsage(tenantId: string, month: string): Promise<LicenseUsage[]> {
  const licenses = (await readLicenses(tenantId)).filter(isMeteredLicense);
  const reports = await Promise.all(
    licenses.map((license) => licenseUsage(tenantId, license, month)),
  );
  return reports.flat();
}

/**
 * The dimensions of licenses whose usage of a month is not what AWS Marketplace has accepted: of a
 * tenant, or of all, page by page. Nothing is changed.
 */
export async function* reconcile(
  tenantId: string | 'all',
  month: string,
): AsyncGenerator<LicenseUsage> {
  const isWrong = ({ difference }: LicenseUsage) => difference !== 0;
  if (tenantId !== 'all') {
    yield* (await reportUsage(tenantId, month)).filter(isWrong);
    return;
  }
  for (let shard = 0; shard < meteredShards; shard += 1)
    for await (const page of meteredPages(shard, 50)) {
      const reports = await Promise.all(
        page.map((license) => licenseUsage(license.tenant_id, license, month)),
      );
      yield* reports.flat().filter(isWrong);
    }
}

/** Days of a month in which the one before is looked at too. */
const daysAfter = 3;

/** Compares what was counted with what was accepted, of all licenses. Sets off an alarm on a difference. */
export async function reconcileMonths(nowMs = Date.now()): Promise<number> {
  const months = [monthOf(nowMs)];
  if (new Date(nowMs).getUTCDate() <= daysAfter)
    months.push(monthOf(boundsOf(monthOf(nowMs)).startMs - 1));
  let differences = 0;
  for (const month of months) for await (const _ of reconcile('all', month)) differences += 1;
  recordMetric(usageDifferences, differences);
  return differences;
}

/** Usage that AWS Marketplace did not accept, the oldest first, page by page. */
export async function* failedUsage() {
  const pages = queryPages({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :failed',
    ExpressionAttributeValues: { ':failed': failedPartition.pattern },
  });
  for await (const { items } of pages)
    for (const item of items) {
      const [hour = '', tenant_id = '', license_id = '', dimension = ''] = String(
        item.series_sk,
      ).split('#');
      const { status, total = 0, reason } = HourItem.parse(item);
      yield { hour, tenant_id, license_id, dimension, status, quantity: total, reason };
    }
}

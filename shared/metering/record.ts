import { createHash } from 'node:crypto';
import type * as z from 'zod/mini';
import { validationFailed } from '../contract/core-errors.ts';
import { AppError, type FieldError } from '../contract/errors.ts';
import { countWrite, enforceLimit, exceededAllowance, limitExceeded } from '../limits/limits.ts';
import type { LicenseItem } from '../marketplace/items.ts';
import { licenseIdOf } from '../marketplace/license-ids.ts';
import { meteredDimensions } from '../marketplace/sold-product.ts';
import { soldProducts } from '../marketplace/sold-products.ts';
import { retryConflicts } from '../table/retry.ts';
import { getItem, transact, type Write } from '../table/table.ts';
import type { reportUsage } from './contract.ts';
import { countWrites, maxQuantity } from './counters.ts';
import { idempotencyKeyReused, noMeteredLicense, unknownDimension } from './errors.ts';
import { deadlineOf, type Hour, hourMs, hourOf, hoursAfter } from './hours.ts';
import { HourItem, ReportItem } from './items.ts';
import { meteringKeys } from './keys.ts';
import { usagePerTenant } from './limits.ts';
import { dimensionsOf, meteredLicensesOf, takesUsage } from './lookup.ts';

export type UsageReport = z.output<typeof reportUsage.body>;

/** Clocks differ: a report this far ahead is of now. */
const clockSkewMs = 5 * 60_000;
/** An hour that is closer to its deadline may miss the runs that are left. */
const reserveMs = 1.5 * hourMs;
/** For how long the same report again is known as such. */
const keptMs = 48 * hourMs;

/**
 * Counts usage of a tenant, once however often the same report comes. What comes too late for its
 * hour is counted in the current one. Throws `unknown_dimension`, `no_metered_license`,
 * `idempotency_key_reused`, `validation_failed` for a time that AWS Marketplace would not take, and
 * `rate_limited`.
 */
export async function recordUsage(
  tenantId: string,
  report: UsageReport,
): Promise<{ accepted: true; duplicate: boolean }> {
  const nowMs = Date.now();
  assertAllocated(report);
  const isSold = soldProducts.some((product) =>
    meteredDimensions(product).some(({ key }) => key === report.dimension),
  );
  if (!isSold) throw new AppError(unknownDimension);
  const found =
    licenseFor(await meteredLicensesOf(tenantId), report, nowMs) ??
    licenseFor(await meteredLicensesOf(tenantId, { isFresh: true }), report, nowMs);
  if (!found) {
    // A report may come again after its license has gone.
    if (await isKnown(tenantId, report)) return { accepted: true, duplicate: true };
    throw new AppError(noMeteredLicense);
  }
  const timeMs = report.timestamp === undefined ? nowMs : Date.parse(report.timestamp);
  const refusal = untimely(timeMs, found.license, nowMs);
  if (refusal) {
    // So does one that was taken while there was time.
    if (await isKnown(tenantId, report)) return { accepted: true, duplicate: true };
    throw refusal;
  }
  return store(tenantId, report, { ...found, hour: hourFor(timeMs, found.license, nowMs), nowMs });
}

type Found = NonNullable<ReturnType<typeof licenseFor>>;

/** Writes a report into the first hour from `hour` on that is open. */
async function store(
  tenantId: string,
  report: UsageReport,
  { license, dimension, hour: first, nowMs }: Found & { hour: Hour; nowMs: number },
): Promise<{ accepted: true; duplicate: boolean }> {
  const { license_id: licenseId } = license;
  const key = reportKey(tenantId, report);
  const keep = { body_hash: bodyHash(report), ttl: Math.ceil((nowMs + keptMs) / 1000) };
  let hour = first;
  return retryConflicts(async () => {
    const slot = { tenantId, licenseId, dimension, hour };
    const failed = await transact([
      keepOnce(key, keep, nowMs),
      ...countWrites(slot, report.quantity, report.allocations),
      countWrite(usagePerTenant, tenantId, nowMs),
    ]);
    if (!failed) return { accepted: true, duplicate: false };
    if (failed[0] && (await isKnown(tenantId, report))) {
      // It counted nothing, the limit included.
      await enforceLimit(usagePerTenant, tenantId);
      return { accepted: true, duplicate: true };
    }
    if (failed.at(-1)) throw limitExceeded(exceededAllowance(usagePerTenant, nowMs));
    if (failed[1]) {
      await assertSealed(tenantId, licenseId, hour, report);
      const current = hourOf(Date.now());
      hour = current > hour ? current : hoursAfter(hour, 1);
    }
    return undefined;
  });
}

const reportKey = (tenantId: string, { idempotency_key }: UsageReport) =>
  meteringKeys.report(tenantId, sha256(idempotency_key));

const keepOnce = (
  key: ReturnType<typeof reportKey>,
  keep: z.infer<typeof ReportItem>,
  nowMs: number,
): Write => ({
  put: {
    Item: { ...key, ...keep },
    ConditionExpression: 'attribute_not_exists(pk) OR #ttl <= :now',
    ExpressionAttributeNames: { '#ttl': 'ttl' },
    ExpressionAttributeValues: { ':now': Math.floor(nowMs / 1000) },
  },
});

/** Whether the report was taken before. Throws `idempotency_key_reused` when another was. */
async function isKnown(tenantId: string, report: UsageReport): Promise<boolean> {
  const item = await getItem(reportKey(tenantId, report));
  if (!item) return false;
  const { body_hash, ttl } = ReportItem.parse(item);
  if (ttl <= Date.now() / 1000) return false;
  if (body_hash !== bodyHash(report)) throw new AppError(idempotencyKeyReused);
  return true;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');

/** The same for reports that say the same. */
const bodyHash = ({ idempotency_key: _, allocations, ...report }: UsageReport): string =>
  sha256(
    JSON.stringify([
      report.dimension,
      report.quantity,
      report.timestamp ?? null,
      report.license_arn === undefined ? null : licenseIdOf(report.license_arn),
      (allocations ?? []).map(({ quantity, tags = {} }) => [
        quantity,
        Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ]),
    ]),
  );

/** The license that usage is of: the oldest active one that meters the dimension, or the one named. */
function licenseFor(licenses: readonly LicenseItem[], report: UsageReport, nowMs: number) {
  const { dimension: key, license_arn } = report;
  const wanted = license_arn === undefined ? undefined : licenseIdOf(license_arn);
  const fit = licenses.flatMap((license) => {
    const dimension = dimensionsOf(license).find((one) => one.key === key);
    const isWanted = wanted === undefined || license.license_id === wanted;
    return dimension && isWanted && takesUsage(license, nowMs) ? [{ license, dimension }] : [];
  });
  return fit.find(({ license }) => license.status === 'ACTIVE') ?? fit[0];
}

function assertAllocated({ quantity, allocations }: UsageReport): void {
  if (!allocations) return;
  const sum = allocations.reduce((total, one) => total + one.quantity, 0);
  if (sum !== quantity)
    throw invalid('/allocations', `make ${sum} together, and the quantity is ${quantity}`);
}

/** Why usage of a moment is not taken now; undefined when it is. */
function untimely(
  timeMs: number,
  { started_at }: LicenseItem,
  nowMs: number,
): AppError | undefined {
  if (timeMs > nowMs + clockSkewMs) return invalid('/timestamp', 'lies in the future');
  if (nowMs >= deadlineOf(hourOf(timeMs)))
    return invalid(
      '/timestamp',
      'is too old: AWS Marketplace takes usage for 24 hours, and that of a month until 06:00 UTC on the first of the next',
    );
  if (started_at !== null && timeMs < Date.parse(started_at))
    return invalid('/timestamp', `lies before the license started at ${started_at}`);
  return undefined;
}

/** The hour that usage of a moment is counted in, while that is open. */
function hourFor(timeMs: number, { created_at }: LicenseItem, nowMs: number): Hour {
  const current = hourOf(nowMs);
  const hour = hourOf(Math.min(timeMs, nowMs));
  // Before it was the tenant's, it was metered without them.
  if (hour < hourOf(Date.parse(created_at))) return current;
  return deadlineOf(hour) - nowMs < reserveMs ? current : hour;
}

/** Throws `validation_failed` when the hour is open: then there is no room for so much. */
async function assertSealed(
  tenantId: string,
  licenseId: string,
  hour: Hour,
  { dimension, quantity }: UsageReport,
): Promise<void> {
  const item = await getItem(meteringKeys.hour(tenantId, licenseId, hour, dimension));
  if (!item || HourItem.parse(item).sealed_at !== undefined) return;
  if (HourItem.parse(item).quantity + quantity > maxQuantity / 2)
    throw invalid(
      '/quantity',
      `would make more in one hour than the ${maxQuantity} that AWS takes`,
    );
}

const invalid = (pointer: string, detail: string): AppError => {
  const errors: FieldError[] = [{ in: 'body', pointer, detail }];
  return new AppError(validationFailed, { errors });
};

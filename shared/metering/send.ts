import {
  BatchMeterUsageCommand,
  type BatchMeterUsageCommandOutput,
  type UsageRecord,
} from '@aws-sdk/client-marketplace-metering';
import { marketplaceFailure, meteringClient } from '../marketplace/clients.ts';
import { marketplaceUnavailable } from '../marketplace/errors.ts';
import { licenseIdOf } from '../marketplace/license-ids.ts';
import { productOf } from '../marketplace/sold-product.ts';
import { logger } from '../runtime/logger.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { startOf } from './hours.ts';
import { RecordStatus } from './items.ts';
import { meteringUnavailable } from './metrics.ts';
import type { SealedUsage } from './seal.ts';
import { type Outcome, settle } from './settle.ts';

/** AWS Marketplace takes this many records at a time, of less than 1 MB together. */
export const maxRecords = 25;
export const maxBytes = 900_000;

export interface SendOptions {
  /** Waits before AWS Marketplace is asked again. */
  readonly wait: (ms: number) => Promise<void>;
  readonly hasTime: () => boolean;
}

/** AWS Marketplace refuses everything for a reason that only the vendor can fix. */
export class MeteringMisconfigured extends Error {
  override readonly name = 'MeteringMisconfigured';
}

/** The record of an hour, as AWS Marketplace takes it. The same for the same hour, whenever it is made. */
export function toRecord({
  license,
  dimension,
  hour,
  quantity,
  allocations,
}: SealedUsage): UsageRecord {
  const startedMs = Math.ceil(Date.parse(license.started_at) / 1000) * 1000;
  return {
    // In whole seconds, and not before the license.
    Timestamp: new Date(Math.max(startOf(hour), startedMs)),
    ...namesOf(license),
    Dimension: dimension,
    Quantity: quantity,
    ...(allocations.length > 0 && { UsageAllocations: [...allocations] }),
  };
}

function namesOf({ license_arn, customer_identifier, account_id }: SealedUsage['license']) {
  return license_arn === undefined
    ? { CustomerIdentifier: customer_identifier }
    : { LicenseArn: license_arn, CustomerAWSAccountId: account_id };
}

/** Errors of one record, for which AWS Marketplace refuses all of the request. */
const ofOneRecord = new Set([
  'TimestampOutOfBoundsException',
  'InvalidLicenseException',
  'InvalidCustomerIdentifierException',
  'InvalidUsageDimensionException',
  'InvalidTagException',
  'InvalidUsageAllocationsException',
  'ValidationException',
]);

/** How often a batch is sent that AWS Marketplace does not take, before it is left for the next run. */
const maxAttempts = 6;
const firstPauseMs = 500;

/**
 * Reports the usage of up to 25 hours of one product and keeps the status of each. What AWS
 * Marketplace leaves unprocessed is sent again; a record for which it refuses the whole request is
 * found by halves and kept as refused, the others are reported. Returns those that were left for the
 * next run. Throws MeteringMisconfigured.
 */
export async function sendBatch(
  productCode: string,
  batch: readonly SealedUsage[],
  options: SendOptions,
): Promise<SealedUsage[]> {
  let waiting = [...batch];
  for (let attempt = 0; waiting.length > 0; attempt += 1) {
    if (attempt > 0) {
      if (attempt === maxAttempts || !options.hasTime()) {
        recordMetric(meteringUnavailable, 1);
        return waiting;
      }
      await options.wait(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
    const answer = await call(productCode, waiting);
    if ('results' in answer) {
      const { results } = answer;
      const answered = waiting.filter((usage) => results.has(usage));
      await Promise.all(
        answered.map((usage) => settle(usage, results.get(usage) ?? { status: 'REFUSED' })),
      );
      if (answered.length > 0) attempt = 0;
      waiting = waiting.filter((usage) => !results.has(usage));
    } else if (answer.refused !== undefined) {
      return isolate(productCode, waiting, answer.refused, options);
    }
  }
  return [];
}

/** Sends the halves of a batch that was refused for one record, and keeps that one as refused. */
async function isolate(
  productCode: string,
  batch: readonly SealedUsage[],
  reason: string,
  options: SendOptions,
): Promise<SealedUsage[]> {
  const [only] = batch;
  if (only && batch.length === 1) {
    await settle(only, { status: 'REFUSED', reason });
    return [];
  }
  const middle = Math.ceil(batch.length / 2);
  return [
    ...(await sendBatch(productCode, batch.slice(0, middle), options)),
    ...(await sendBatch(productCode, batch.slice(middle), options)),
  ];
}

type Answer =
  | { results: ReadonlyMap<SealedUsage, Outcome> }
  /** The name of the error, when it is about a record; undefined when it passes by itself. */
  | { refused: string | undefined };

async function call(productCode: string, batch: readonly SealedUsage[]): Promise<Answer> {
  const isOfCustomers = productOf(productCode)?.identity === 'customer';
  try {
    const answer = await meteringClient().send(
      new BatchMeterUsageCommand({
        UsageRecords: batch.map(toRecord),
        // With a LicenseArn in the records it would bill twice.
        ...(isOfCustomers && { ProductCode: productCode }),
      }),
    );
    return { results: outcomesOf(batch, answer) };
  } catch (error) {
    const { name = '' } = error as { name?: string };
    logger.warn('batch_not_metered', { product_code: productCode, error_name: name });
    if (ofOneRecord.has(name)) return { refused: name };
    if (marketplaceFailure(error).code === marketplaceUnavailable.code)
      return { refused: undefined };
    throw new MeteringMisconfigured(`AWS Marketplace refuses usage of ${productCode}: ${name}`, {
      cause: error,
    });
  }
}
/** What became of each record. Those without an answer are unprocessed, named so or not. */
function outcomesOf(
  batch: readonly SealedUsage[],
  { Results = [] }: BatchMeterUsageCommandOutput,
): ReadonlyMap<SealedUsage, Outcome> {
  const byName = new Map(batch.map((usage) => [nameOf(toRecord(usage)), usage]));
  const outcomes = new Map<SealedUsage, Outcome>();
  for (const { UsageRecord: record, Status, MeteringRecordId } of Results) {
    const usage = record && byName.get(nameOf(record));
    if (!usage || !Status) continue;
    const { data: status = 'REFUSED' } = RecordStatus.safeParse(Status);
    const isOver = usage.license.until !== undefined && usage.license.until < now();
    outcomes.set(
      usage,
      status === 'CustomerNotSubscribed' && isOver
        ? { status: 'EXPIRED', reason: Status }
        : { status, recordId: MeteringRecordId, ...(status !== 'Success' && { reason: Status }) },
    );
  }
  return outcomes;
}
const now = () => new Date().toISOString();

const nameOf = ({ LicenseArn, CustomerIdentifier, Dimension, Timestamp }: UsageRecord): string =>
  [
    LicenseArn === undefined ? CustomerIdentifier : licenseIdOf(LicenseArn),
    Dimension,
    Timestamp?.getTime(),
  ].join(' ');

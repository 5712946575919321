import { createHash, randomUUID } from 'node:crypto';
import { isRecord, listOf } from '../../runtime/json.ts';
import { AwsError } from '../aws.ts';
import type { Agreements } from './agreements.ts';
import type { Agreement, MarketplaceStore, MeteredRecord } from './state.ts';

const hourMs = 60 * 60 * 1000;
const maxRecords = 25;
const maxRequestBytes = 1024 * 1024;
const maxQuantity = 2_147_483_647;
const maxAllocations = 2500;
const maxTags = 5;
/** Usage is refused when it is this old, or older. */
const maxAgeMs = 24 * hourMs;
/** On the first of a month usage of the month before is taken until this hour, in UTC. */
const monthCutMs = 6 * hourMs;
/** Usage is taken for this long after the license was taken from the buyer. */
const finalUsageMs = hourMs;

/** A record of usage that may be taken, and the agreement that it is of. */
interface Usage {
  readonly input: Readonly<Record<string, unknown>>;
  readonly agreement: Agreement;
  readonly dimension: string;
  readonly timestampMs: number;
  readonly quantity: number;
  readonly allocations: MeteredRecord['allocations'];
}

/**
 * BatchMeterUsage: checks all records of a call, of which one that is wrong refuses the call, then takes
 * each that is new for its license, dimension and hour. The first so many are left unprocessed.
 * Throws AwsError.
 */
export function batchMeterUsage(
  input: Readonly<Record<string, unknown>>,
  agreements: Agreements,
  store: MarketplaceStore,
  unprocessed: number,
): Record<string, unknown> {
  const records = recordsOf(input);
  const usages = records.map((record) => readUsage(record, input.ProductCode, agreements));
  const products = new Set(usages.map(({ agreement }) => agreement.product_code));
  if (products.size > 1)
    throw new AwsError(
      'InvalidProductCodeException',
      'A request is for one product: its records are of several.',
    );
  const now = Date.now();
  for (const usage of usages) requireTimestamp(usage, now);

  const skipped = usages.slice(0, unprocessed);
  const taken: MeteredRecord[] = [];
  const results = usages.slice(unprocessed).map((usage) => {
    const record = take(usage, store, now);
    taken.push(record);
    store.addMetered(record);
    return {
      UsageRecord: usage.input,
      ...(record.metering_record_id && { MeteringRecordId: record.metering_record_id }),
      Status: record.status,
    };
  });
  store.saveMetered(taken);
  return { Results: results, UnprocessedRecords: skipped.map((usage) => usage.input) };
}

/** What becomes of a record. The first of its license, dimension and hour wins. */
function take(usage: Usage, store: MarketplaceStore, now: number): MeteredRecord {
  const { agreement, dimension, timestampMs, quantity, allocations } = usage;
  const record = {
    license_arn: agreement.license_arn,
    account_id: agreement.account_id,
    product_code: agreement.product_code,
    dimension,
    timestamp: new Date(timestampMs).toISOString(),
    quantity,
    allocations,
    received_at: new Date(now).toISOString(),
  };
  const before = store.acceptedBefore(record);
  if (before) {
    const isSame =
      before.quantity === quantity && digestOf(before.allocations) === digestOf(allocations);
    return {
      ...record,
      metering_record_id: before.metering_record_id,
      status: isSame ? 'Success' : 'DuplicateRecord',
      is_repeat: true,
    };
  }
  const { deprovisioned_at } = agreement;
  const isOver = deprovisioned_at !== null && now > Date.parse(deprovisioned_at) + finalUsageMs;
  return {
    ...record,
    metering_record_id: isOver ? null : randomUUID(),
    status: isOver ? 'CustomerNotSubscribed' : 'Success',
    is_repeat: false,
  };
}

const hourOf = (ms: number) => Math.floor(ms / hourMs);
const digestOf = (value: unknown) =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex');

function recordsOf(input: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  if (Buffer.byteLength(JSON.stringify(input)) >= maxRequestBytes)
    throw invalid('The request must be less than 1 MB in size.');
  const records = input.UsageRecords;
  if (!Array.isArray(records) || !records.every(isRecord))
    throw invalid(`Value at 'usageRecords' failed to satisfy constraint: Member must not be null`);
  if (records.length > maxRecords)
    throw invalid(
      `Value at 'usageRecords' failed to satisfy constraint: Member must have length less than or equal to ${maxRecords}`,
    );
  return records;
}

function readUsage(
  record: Record<string, unknown>,
  productCode: unknown,
  agreements: Agreements,
): Usage {
  const agreement = agreementOf(record, productCode, agreements);
  const { Timestamp, Dimension, Quantity = 0 } = record;
  if (typeof Timestamp !== 'number' || !Number.isFinite(Timestamp))
    throw invalid(`Value at 'timestamp' failed to satisfy constraint: Member must not be null`);
  if (
    typeof Quantity !== 'number' ||
    !Number.isInteger(Quantity) ||
    Quantity < 0 ||
    Quantity > maxQuantity
  )
    throw invalid(
      `Value at 'quantity' failed to satisfy constraint: Member must be an integer from 0 to ${maxQuantity}`,
    );
  if (
    typeof Dimension !== 'string' ||
    Dimension === '' ||
    (agreement.meterable && !agreement.meterable.includes(Dimension))
  )
    throw new AwsError(
      'InvalidUsageDimensionException',
      `The usage dimension does not match one of the UsageDimensions associated with products: ${String(Dimension)}.`,
    );
  return {
    input: record,
    agreement,
    dimension: Dimension,
    timestampMs: Timestamp * 1000,
    quantity: Quantity,
    allocations: allocationsOf(record.UsageAllocations, Quantity),
  };
}

/** The agreement that a record is of: by its license, or by product and customer in the older contract. */
function agreementOf(
  record: Record<string, unknown>,
  productCode: unknown,
  agreements: Agreements,
): Agreement {
  const { LicenseArn, CustomerAWSAccountId, CustomerIdentifier } = record;
  if (LicenseArn !== undefined) {
    if (productCode !== undefined)
      throw new AwsError(
        'InvalidProductCodeException',
        'ProductCode must not be given with records that have a LicenseArn.',
      );
    const agreement = agreements.ofLicense(String(LicenseArn));
    if (!agreement || agreement.account_id !== CustomerAWSAccountId)
      throw new AwsError(
        'InvalidLicenseException',
        'Ensure the LicenseArn is valid, matches the customer, and usage is within the license activation period.',
      );
    return agreement;
  }
  if (typeof productCode !== 'string' || !agreements.isKnown(productCode))
    throw new AwsError(
      'InvalidProductCodeException',
      'The product code passed does not match the product code used for publishing the product.',
    );
  const ofProduct = agreements.all().filter(({ product_code }) => product_code === productCode);
  const agreement = ofProduct.findLast((each) =>
    CustomerIdentifier === undefined
      ? each.account_id === CustomerAWSAccountId
      : each.customer_identifier === CustomerIdentifier && CustomerAWSAccountId === undefined,
  );
  if (!agreement)
    throw new AwsError(
      'InvalidCustomerIdentifierException',
      'You have metered usage for a CustomerIdentifier that does not exist.',
    );
  if (agreement.identity === 'license')
    throw new AwsError(
      'InvalidLicenseException',
      'Records of this product must have the LicenseArn of an agreement.',
    );
  return agreement;
}

function allocationsOf(value: unknown, quantity: number): MeteredRecord['allocations'] {
  if (value === undefined || value === null) return [];
  const allocations = listOf(value).map((each) => {
    const { AllocatedUsageQuantity: allocated, Tags } = isRecord(each) ? each : {};
    if (
      typeof allocated !== 'number' ||
      !Number.isInteger(allocated) ||
      allocated < 0 ||
      allocated > maxQuantity
    )
      throw new AwsError(
        'InvalidUsageAllocationsException',
        'An allocated usage quantity is not an integer from 0 on.',
      );
    return { quantity: allocated, tags: tagsOf(Tags) };
  });
  if (allocations.length > maxAllocations)
    throw new AwsError(
      'InvalidUsageAllocationsException',
      `A usage record has more than ${maxAllocations} allocations.`,
    );
  const sum = allocations.reduce((total, allocation) => total + allocation.quantity, 0);
  if (sum !== quantity)
    throw new AwsError(
      'InvalidUsageAllocationsException',
      'Sum of allocated usage quantities is not equal to the usage quantity.',
    );
  return allocations;
}

const tagText = /^[a-zA-Z0-9+ \-=._:\\/@]+$/;

function tagsOf(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  const tags = listOf(value).map((tag) => {
    const { Key, Value } = isRecord(tag) ? tag : {};
    const isRight = (text: unknown, maxLength: number) =>
      typeof text === 'string' && text.length <= maxLength && tagText.test(text);
    if (!isRight(Key, 100) || !isRight(Value, 256))
      throw new AwsError('InvalidTagException', 'The tag is invalid.');
    return [String(Key), String(Value)] as const;
  });
  if (tags.length === 0 || tags.length > maxTags)
    throw new AwsError('InvalidTagException', `The number of tags is not from 1 to ${maxTags}.`);
  if (new Set(tags.map(([key]) => key)).size < tags.length)
    throw new AwsError('InvalidTagException', 'A key of a tag comes twice.');
  return Object.fromEntries(tags.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Times are compared by the millisecond, but for the start of the agreement, which counts by its hour. */
function requireTimestamp({ timestampMs, agreement }: Usage, now: number): void {
  const then = new Date(timestampMs);
  const nextMonth = Date.UTC(then.getUTCFullYear(), then.getUTCMonth() + 1, 1);
  const isOut =
    timestampMs > now ||
    timestampMs <= now - maxAgeMs ||
    hourOf(timestampMs) < hourOf(Date.parse(agreement.purchased_at)) ||
    now >= nextMonth + monthCutMs;
  if (isOut)
    throw new AwsError(
      'TimestampOutOfBoundsException',
      'The timestamp value passed in the UsageRecord is out of allowed range.',
    );
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', `1 validation error detected: ${message}`);
}

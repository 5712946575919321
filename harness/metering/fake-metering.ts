import type { Answer } from '../aws.ts';

interface Sent {
  readonly LicenseArn?: string;
  readonly CustomerIdentifier?: string;
  readonly CustomerAWSAccountId?: string;
  readonly Dimension: string;
  /** Epoch seconds. */
  readonly Timestamp: number;
  readonly Quantity: number;
  readonly UsageAllocations?: readonly { AllocatedUsageQuantity: number; Tags?: readonly Tag[] }[];
}
interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** A record that was accepted, once for its license, dimension and hour. */
export interface Billed {
  readonly license: string;
  readonly dimension: string;
  readonly hour: string;
  readonly quantity: number;
  readonly allocations: Sent['UsageAllocations'];
}

const hourMs = 3_600_000;

/**
 * BatchMeterUsage as AWS documents it: windows, one product and one form of names in a call, the first
 * record of a license, dimension and hour wins. Time is the process's, which tests move.
 */
export class FakeMetering {
  readonly billed = new Map<string, Billed>();
  readonly statuses: string[] = [];
  /** The records of each call. */
  readonly calls: { productCode: string | undefined; records: Sent[] }[] = [];
  /** Licenses, or customers, that are not subscribed. */
  readonly unsubscribed = new Set<string>();
  /** Answers a call otherwise. */
  trouble: (records: readonly Sent[]) => Answer | undefined = () => undefined;
  /** Whether a record is left unprocessed. */
  isUnprocessed: (record: Sent) => boolean = () => false;

  readonly answer = (input: Record<string, unknown>): Answer => {
    const { UsageRecords, ProductCode } = input as {
      UsageRecords: Sent[];
      ProductCode?: string;
    };
    this.calls.push({ productCode: ProductCode, records: UsageRecords });
    const trouble = this.trouble(UsageRecords);
    if (trouble) return trouble;
    const refused = this.#refusal(UsageRecords, ProductCode, JSON.stringify(input).length);
    if (refused) return { error: refused };
    const left = UsageRecords.filter((record) => this.isUnprocessed(record));
    const Results = UsageRecords.filter((record) => !left.includes(record)).map((record) => {
      const Status = this.#take(record);
      this.statuses.push(Status);
      return {
        UsageRecord: record,
        Status,
        ...(Status === 'Success' && { MeteringRecordId: 'id' }),
      };
    });
    return { members: { Results, UnprocessedRecords: left } };
  };

  #refusal(records: readonly Sent[], productCode: string | undefined, bytes: number) {
    if (records.length > 25 || bytes >= 1024 * 1024) return 'ValidationException';
    const nowMs = Date.now();
    for (const record of records) {
      const { LicenseArn, CustomerIdentifier, Quantity, Timestamp, UsageAllocations } = record;
      if (LicenseArn ? productCode : !productCode || !CustomerIdentifier)
        return 'InvalidProductCodeException';
      if (LicenseArn && !record.CustomerAWSAccountId) return 'InvalidLicenseException';
      if (!Number.isInteger(Quantity) || Quantity < 0 || Quantity > 2_147_483_647)
        return 'ValidationException';
      if (UsageAllocations) {
        const sum = UsageAllocations.reduce((total, one) => total + one.AllocatedUsageQuantity, 0);
        if (sum !== Quantity) return 'InvalidUsageAllocationsException';
        if (UsageAllocations.length > 2500) return 'InvalidUsageAllocationsException';
      }
      const at = new Date(Timestamp * 1000);
      const monthEnd = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
      if (
        at.getTime() > nowMs ||
        at.getTime() <= nowMs - 24 * hourMs ||
        nowMs >= monthEnd + 6 * hourMs
      )
        return 'TimestampOutOfBoundsException';
    }
    return undefined;
  }

  #take({ LicenseArn, CustomerIdentifier, Dimension, Timestamp, Quantity, ...more }: Sent): string {
    const license = LicenseArn?.split(':').at(-1) ?? CustomerIdentifier ?? '';
    const hour = new Date(Timestamp * 1000).toISOString().slice(0, 13);
    const key = `${license} ${Dimension} ${hour}`;
    const before = this.billed.get(key);
    const allocations = more.UsageAllocations;
    if (before) return before.quantity === Quantity ? 'Success' : 'DuplicateRecord';
    if (this.unsubscribed.has(license)) return 'CustomerNotSubscribed';
    this.billed.set(key, { license, dimension: Dimension, hour, quantity: Quantity, allocations });
    return 'Success';
  }

  /** All that was billed of a license's dimension. */
  sumOf(license: string, dimension: string): number {
    return [...this.billed.values()]
      .filter((one) => one.license === license && one.dimension === dimension)
      .reduce((sum, { quantity }) => sum + quantity, 0);
  }
}

import {
  type BatchMeterUsageCommandInput,
  ResolveCustomerCommand,
  type UsageRecord,
} from '@aws-sdk/client-marketplace-metering';
import { describe, expect, it } from 'vitest';
import { useSeller } from './seller.ts';

const seller = useSeller();
const hour = 3600;
const day = 24 * hour;
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);

const account = '111122223333';
let dimensionNumber = 0;
/** A dimension that no test has metered yet, of a license of any dimensions. */
const freshDimension = () => {
  dimensionNumber += 1;
  return `dimension${dimensionNumber}`;
};

async function license(request: object = {}) {
  const { license_arn, agreement_id } = await seller.buy({ product_code: 'any', ...request });
  const record = (members: Partial<UsageRecord> = {}): UsageRecord => ({
    Timestamp: ago(0),
    CustomerAWSAccountId: account,
    LicenseArn: license_arn,
    Dimension: 'units',
    Quantity: 1,
    ...members,
  });
  return { license_arn, agreement_id, record };
}

/** The error that a call is answered with. */
async function refusal(input: BatchMeterUsageCommandInput): Promise<string> {
  return seller.meter(input).then(
    () => 'none',
    (error: { name: string; $metadata: { httpStatusCode: number } }) =>
      `${error.$metadata.httpStatusCode} ${error.name}`,
  );
}

const statusesOf = ({ Results = [] }: Awaited<ReturnType<Seller['meter']>>) =>
  Results.map(({ Status }) => Status);
type Seller = typeof seller;

describe('BatchMeterUsage', () => {
  it('takes records by license, and answers each as it was sent', async () => {
    const { record, license_arn } = await license({ dimensions: ['units', 'rows'] });
    const Timestamp = new Date(Math.floor(Date.now() / 1000) * 1000);
    const first = record({
      Timestamp,
      Quantity: 10,
      UsageAllocations: [
        { AllocatedUsageQuantity: 4, Tags: [{ Key: 'user', Value: 'john' }] },
        { AllocatedUsageQuantity: 6 },
      ],
    });

    const answer = await seller.meter({
      UsageRecords: [first, record({ Timestamp, Dimension: 'rows', Quantity: undefined })],
    });

    expect(answer).toMatchObject({
      UnprocessedRecords: [],
      Results: [
        { Status: 'Success', UsageRecord: first, MeteringRecordId: expect.any(String) },
        { Status: 'Success', MeteringRecordId: expect.any(String) },
      ],
    });
    const { body } = await seller.send<{ license_arn: string }[]>('GET', 'marketplace/metering');
    expect(body.filter((each) => each.license_arn === license_arn)).toMatchObject([
      {
        account_id: account,
        dimension: 'units',
        timestamp: Timestamp.toISOString(),
        quantity: 10,
        status: 'Success',
        allocations: [
          { quantity: 4, tags: { user: 'john' } },
          { quantity: 6, tags: {} },
        ],
      },
      { dimension: 'rows', quantity: 0, status: 'Success' },
    ]);
  });

  it('takes the first of a license, dimension and hour; the same again is no other, more is refused', async () => {
    const { record } = await license();
    const other = await license();
    await seller.advance(hour);
    const start = new Date(Math.floor(Date.now() / 1000 / hour) * hour * 1000);

    const taken = await seller.meter({ UsageRecords: [record({ Timestamp: start, Quantity: 5 })] });
    const again = await seller.meter({
      UsageRecords: [
        record({ Timestamp: start, Quantity: 5 }),
        record({ Timestamp: start, Quantity: 6 }),
        record({ Timestamp: new Date(start.getTime() - 1000), Quantity: 6 }),
        record({ Timestamp: start, Dimension: 'rows', Quantity: 6 }),
        other.record({ Timestamp: start, Quantity: 6 }),
      ],
    });

    expect(statusesOf(again)).toEqual([
      'Success',
      'DuplicateRecord',
      'Success',
      'Success',
      'Success',
    ]);
    expect(again.Results?.[0]?.MeteringRecordId).toBe(taken.Results?.[0]?.MeteringRecordId);
    await seller.restart();
    expect(
      statusesOf(await seller.meter({ UsageRecords: [record({ Timestamp: start, Quantity: 7 })] })),
    ).toEqual(['DuplicateRecord']);
  });

  it.each<[string, (record: UsageRecord) => BatchMeterUsageCommandInput, string]>([
    [
      'more than 25 records',
      (record) => ({ UsageRecords: Array(26).fill(record) }),
      '400 ValidationException',
    ],
    [
      'a megabyte',
      (record) => ({ UsageRecords: [{ ...record, Dimension: 'x'.repeat(1024 * 1024) }] }),
      '400 ValidationException',
    ],
    [
      'a product code beside a license',
      (record) => ({ ProductCode: 'any', UsageRecords: [record] }),
      '400 InvalidProductCodeException',
    ],
    [
      'neither of the two',
      ({ LicenseArn, ...record }) => ({ UsageRecords: [record] }),
      '400 InvalidProductCodeException',
    ],
    [
      'no license, of a product that has some',
      ({ LicenseArn, ...record }) => ({ ProductCode: 'any', UsageRecords: [record] }),
      '400 InvalidLicenseException',
    ],
    [
      'an unknown license',
      (record) => ({ UsageRecords: [{ ...record, LicenseArn: 'arn:aws:l-0' }] }),
      '400 InvalidLicenseException',
    ],
    [
      'the license of another account',
      (record) => ({ UsageRecords: [{ ...record, CustomerAWSAccountId: '999900001111' }] }),
      '400 InvalidLicenseException',
    ],
    [
      'a negative quantity',
      (record) => ({ UsageRecords: [{ ...record, Quantity: -1 }] }),
      '400 ValidationException',
    ],
    [
      'a huge quantity',
      (record) => ({ UsageRecords: [{ ...record, Quantity: 2_147_483_648 }] }),
      '400 ValidationException',
    ],
    [
      'allocations of another sum',
      (record) => ({
        UsageRecords: [{ ...record, UsageAllocations: [{ AllocatedUsageQuantity: 2 }] }],
      }),
      '400 InvalidUsageAllocationsException',
    ],
    [
      'more than 2500 allocations',
      (record) => ({
        UsageRecords: [
          {
            ...record,
            Quantity: 2501,
            UsageAllocations: Array(2501).fill({ AllocatedUsageQuantity: 1 }),
          },
        ],
      }),
      '400 InvalidUsageAllocationsException',
    ],
    [
      'six tags',
      (record) => ({
        UsageRecords: [
          {
            ...record,
            UsageAllocations: [
              {
                AllocatedUsageQuantity: 1,
                Tags: [1, 2, 3, 4, 5, 6].map((n) => ({ Key: `k${n}`, Value: 'v' })),
              },
            ],
          },
        ],
      }),
      '400 InvalidTagException',
    ],
    [
      'a tag of other letters',
      (record) => ({
        UsageRecords: [
          {
            ...record,
            UsageAllocations: [{ AllocatedUsageQuantity: 1, Tags: [{ Key: 'ключ', Value: 'v' }] }],
          },
        ],
      }),
      '400 InvalidTagException',
    ],
    [
      'a time to come',
      (record) => ({ UsageRecords: [record, { ...record, Timestamp: ago(-60) }] }),
      '400 TimestampOutOfBoundsException',
    ],
  ])('refuses %s, with all of the call', async (_, input, error) => {
    const { record, license_arn } = await license();

    expect(await refusal(input(record()))).toBe(error);
    const { body } = await seller.send<{ license_arn: string }[]>('GET', 'marketplace/metering');
    expect(body.filter((each) => each.license_arn === license_arn)).toEqual([]);
  });

  it.each<[object, string]>([
    [{ product_code: 'by-use' }, '400 InvalidUsageDimensionException'],
    [{ product_code: 'by-contract' }, '400 InvalidUsageDimensionException'],
    [{ pricing: 'free' }, '400 InvalidUsageDimensionException'],
    [{ pricing: 'contract-with-consumption', dimensions: ['seats'] }, 'none'],
    [{ pricing: 'usage', dimensions: ['units'] }, 'none'],
  ])('takes only dimensions that may be metered: %j', async (request, error) => {
    const { record } = await license(request);

    expect(await refusal({ UsageRecords: [record()] })).toBe(error);
  });

  it('refuses records of two products in a call', async () => {
    const [one, two] = [await license(), await license({ product_code: 'another' })];

    expect(await refusal({ UsageRecords: [one.record(), two.record()] })).toBe(
      '400 InvalidProductCodeException',
    );
  });

  it('takes usage for less than 24 hours, and none from before the hour of the purchase', async () => {
    const { record } = await license();
    const at = (Timestamp: Date) =>
      refusal({ UsageRecords: [record({ Timestamp, Dimension: freshDimension() })] });
    const bought = new Date();

    await seller.advance(2 * hour);
    expect(await at(new Date(bought.getTime() - hour * 1000))).toMatch(/TimestampOutOfBounds/);
    expect(await at(bought)).toBe('none');
    await seller.advance(30 * hour);
    // The test is not about a month's end, which has a rule of its own.
    const isNewMonth = ago(day).getUTCMonth() !== new Date().getUTCMonth();
    if (isNewMonth) await seller.advance(3 * day);
    expect(await at(ago(day - 5))).toBe('none');
    expect(await at(ago(day))).toMatch(/TimestampOutOfBounds/);
  });

  it('takes usage of a month until 06:00 UTC on the first of the next', async () => {
    const { record } = await license();
    const now = new Date();
    const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) / 1000;
    const untilFirst = first - now.getTime() / 1000;
    const lastOfMonth = new Date((first - 600) * 1000);
    const last = () =>
      refusal({ UsageRecords: [record({ Timestamp: lastOfMonth, Dimension: freshDimension() })] });

    await seller.advance(untilFirst + 6 * hour - 60);
    expect(await last()).toBe('none');
    await seller.advance(61);
    expect(await last()).toBe('400 TimestampOutOfBoundsException');
    expect(
      await refusal({
        UsageRecords: [record({ Timestamp: new Date(first * 1000), Dimension: freshDimension() })],
      }),
    ).toBe('none');
  });

  it('takes final usage until an hour after the license was taken away', async () => {
    const { record, agreement_id } = await license();
    await seller.act(agreement_id, 'cancel');
    const meter = async () =>
      statusesOf(await seller.meter({ UsageRecords: [record({ Dimension: freshDimension() })] }));

    await seller.advance(30 + hour - 5);
    expect(await meter()).toEqual(['Success']);
    await seller.advance(10);
    expect(await meter()).toEqual(['CustomerNotSubscribed']);
  });

  it('takes records of the older contract by product and customer', async () => {
    const { token } = await seller.buy({ product_code: 'older', account_id: '444455556666' });
    const client = seller.metering();
    const { CustomerIdentifier } = await client.send(
      new ResolveCustomerCommand({ RegistrationToken: token }),
    );
    client.destroy();
    const record = { Timestamp: ago(0), CustomerIdentifier, Dimension: 'units', Quantity: 3 };
    const ProductCode = 'older';

    expect(statusesOf(await seller.meter({ ProductCode, UsageRecords: [record] }))).toEqual([
      'Success',
    ]);
    expect(
      await refusal({ ProductCode, UsageRecords: [{ ...record, CustomerIdentifier: 'X01' }] }),
    ).toBe('400 InvalidCustomerIdentifierException');
    expect(await refusal({ ProductCode: 'nothing', UsageRecords: [record] })).toBe(
      '400 InvalidProductCodeException',
    );
  });

  it('can be told to leave records unprocessed, to fail, and to lose its answer', async () => {
    const { record } = await license();
    const records = ['a', 'b', 'c'].map((Dimension) => record({ Dimension }));
    const fault = (members: object) =>
      seller.send('POST', 'faults', { apis: { BatchMeterUsage: { times: 1, ...members } } });

    await fault({ unprocessed: 2 });
    const partly = await seller.meter({ UsageRecords: records });
    expect(partly.UnprocessedRecords?.map(({ Dimension }) => Dimension)).toEqual(['a', 'b']);
    expect(statusesOf(partly)).toEqual(['Success']);

    await fault({ error: 'throttling' });
    expect(await refusal({ UsageRecords: records })).toBe('400 ThrottlingException');
    await fault({ error: 'internal_error' });
    expect(await refusal({ UsageRecords: records })).toBe('500 InternalServiceErrorException');

    const lost = record({ Dimension: freshDimension(), Quantity: 7 });
    await fault({ error: 'lost_answer' });
    await expect(seller.meter({ UsageRecords: [lost] })).rejects.toThrow();
    // It was taken all the same: another quantity comes too late.
    expect(statusesOf(await seller.meter({ UsageRecords: [{ ...lost, Quantity: 8 }] }))).toEqual([
      'DuplicateRecord',
    ]);
  });
});

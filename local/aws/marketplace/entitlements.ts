import { isRecord } from '../../runtime/json.ts';
import { AwsError } from '../aws.ts';
import type { Agreements } from './agreements.ts';
import type { DimensionValue } from './products.ts';
import type { Agreement } from './state.ts';

const maxPage = 25;

const filters: Readonly<Record<string, (agreement: Agreement, dimension: string) => string>> = {
  CUSTOMER_AWS_ACCOUNT_ID: ({ account_id }) => account_id,
  CUSTOMER_IDENTIFIER: ({ customer_identifier }) => customer_identifier,
  LICENSE_ARN: ({ license_arn }) => license_arn,
  DIMENSION: (_, dimension) => dimension,
};

/**
 * GetEntitlements: what active agreements for a product entitle to. Pages are cut before they are
 * filtered, as those of AWS seem to be: an empty one may be followed by another. Throws AwsError.
 */
export function getEntitlements(
  input: Readonly<Record<string, unknown>>,
  agreements: Agreements,
): Record<string, unknown> {
  const { ProductCode, MaxResults = maxPage, NextToken } = input;
  if (typeof ProductCode !== 'string' || !agreements.isKnown(ProductCode))
    throw invalid('The product code is not one of this seller.');
  if (
    typeof MaxResults !== 'number' ||
    !Number.isInteger(MaxResults) ||
    MaxResults < 1 ||
    MaxResults > maxPage
  )
    throw invalid(`MaxResults is not an integer from 1 to ${maxPage}.`);
  const passes = filterOf(input.Filter);
  const from = NextToken === undefined || NextToken === null ? 0 : readToken(NextToken);

  const all = agreements
    .all()
    .filter(({ product_code, status }) => product_code === ProductCode && status === 'ACTIVE')
    .flatMap((agreement) =>
      Object.entries(agreement.dimensions).map(([dimension, value]) => ({
        agreement,
        dimension,
        value,
      })),
    );
  const page = all.slice(from, from + MaxResults);
  const next = from + MaxResults;
  return {
    Entitlements: page
      .filter(({ agreement, dimension }) => passes(agreement, dimension))
      .map(({ agreement, dimension, value }) => entitlement(agreement, dimension, value)),
    ...(next < all.length && { NextToken: writeToken(next) }),
  };
}

function entitlement(agreement: Agreement, dimension: string, value: DimensionValue) {
  const { product_code, account_id, customer_identifier, license_arn, ends_at } = agreement;
  return {
    ProductCode: product_code,
    Dimension: dimension,
    CustomerAWSAccountId: account_id,
    ...(agreement.identity === 'customer'
      ? { CustomerIdentifier: customer_identifier }
      : { LicenseArn: license_arn }),
    Value: worthOf(value),
    ...(ends_at !== null && { ExpirationDate: Date.parse(ends_at) / 1000 }),
  };
}

function worthOf(value: DimensionValue) {
  if (typeof value === 'boolean') return { BooleanValue: value };
  if (typeof value === 'string') return { StringValue: value };
  return Number.isInteger(value) ? { IntegerValue: value } : { DoubleValue: value };
}

/** Values of one key are alternatives; all keys must pass. */
function filterOf(value: unknown): (agreement: Agreement, dimension: string) => boolean {
  if (value === undefined || value === null) return () => true;
  if (!isRecord(value)) throw invalid('The filter is not an object.');
  if ('CUSTOMER_IDENTIFIER' in value && 'CUSTOMER_AWS_ACCOUNT_ID' in value)
    throw invalid('CUSTOMER_IDENTIFIER and CUSTOMER_AWS_ACCOUNT_ID are mutually exclusive.');
  const tests = Object.entries(value).map(([name, values]) => {
    const read = filters[name];
    if (!read) throw invalid(`There is no filter ${name}.`);
    if (!Array.isArray(values) || values.length === 0)
      throw invalid(`The filter ${name} has no values.`);
    return (agreement: Agreement, dimension: string) => values.includes(read(agreement, dimension));
  });
  return (agreement, dimension) => tests.every((test) => test(agreement, dimension));
}

const writeToken = (offset: number) => Buffer.from(`after ${offset}`).toString('base64');

function readToken(token: unknown): number {
  const [, offset] = /^after (\d+)$/.exec(Buffer.from(String(token), 'base64').toString()) ?? [];
  if (offset === undefined) throw invalid('NextToken is not one of this operation.');
  return Number(offset);
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

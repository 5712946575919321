import {
  type Entitlement as AwsEntitlement,
  GetEntitlementsCommand,
} from '@aws-sdk/client-marketplace-entitlement-service';
import { entitlementClient, marketplaceFailure } from './clients.ts';
import type { Entitlement, LicenseItem } from './items.ts';

/** What AWS knows a license by. */
type Asked = Pick<LicenseItem, 'product_code' | 'license_arn' | 'customer_identifier'>;

/**
 * Asks AWS Marketplace what a license entitles to: all dimensions, page by page. Throws
 * `marketplace_unavailable`, or `marketplace_misconfigured` with an alarm.
 */
export async function readEntitlements(
  { product_code, license_arn, customer_identifier }: Asked,
  options: { readonly abortSignal?: AbortSignal } = {},
): Promise<Entitlement[]> {
  const found: Entitlement[] = [];
  let NextToken: string | undefined;
  do {
    const command = new GetEntitlementsCommand({
      ProductCode: product_code,
      Filter: customer_identifier
        ? { CUSTOMER_IDENTIFIER: [customer_identifier] }
        : { LICENSE_ARN: [license_arn ?? ''] },
      MaxResults: 25,
      NextToken,
    });
    const page = await entitlementClient()
      .send(command, options)
      .catch((error: unknown) => {
        throw marketplaceFailure(error);
      });
    found.push(...(page.Entitlements ?? []).flatMap(toEntitlement));
    // A page may be empty and not the last.
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

function toEntitlement({ Dimension, Value, ExpirationDate }: AwsEntitlement): Entitlement[] {
  const { IntegerValue, DoubleValue, BooleanValue, StringValue } = Value ?? {};
  const value = IntegerValue ?? DoubleValue ?? BooleanValue ?? StringValue;
  if (Dimension === undefined || value === undefined) return [];
  return [{ dimension: Dimension, value, expires_at: ExpirationDate?.toISOString() ?? null }];
}

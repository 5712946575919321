import { MarketplaceAgreementClient } from '@aws-sdk/client-marketplace-agreement';
import { MarketplaceEntitlementServiceClient } from '@aws-sdk/client-marketplace-entitlement-service';
import { MarketplaceMeteringClient } from '@aws-sdk/client-marketplace-metering';
import { AppError } from '../contract/errors.ts';
import { requireEnv } from '../runtime/config.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { once } from '../runtime/once.ts';
import { marketplaceMisconfigured, marketplaceUnavailable } from './errors.ts';
import { marketplaceRefusals } from './metrics.ts';
import { assumeSellerRole } from './seller-role.ts';

/** Two tries of five seconds stay inside the twenty that a function has. */
const options = () => {
  const roleArn = requireEnv('SELLER_ROLE_ARN');
  return {
    region: requireEnv('MARKETPLACE_REGION'),
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true },
    // The SDK keeps what the role gives until five minutes before it expires.
    ...(roleArn !== 'none' && { credentials: () => assumeSellerRole(roleArn) }),
  };
};

/**
 * The APIs of AWS Marketplace in the account of the seller, each made when it is first called.
 * The contract entry of a function that calls one names its IAM action, `settings: [marketplaceRegion]`
 * and `assumes: [sellerRoleArn]`.
 */
export const meteringClient = once(() => new MarketplaceMeteringClient(options()));
export const entitlementClient = once(() => new MarketplaceEntitlementServiceClient(options()));
export const agreementClient = once(() => new MarketplaceAgreementClient(options()));

const passing = new Set([
  'ThrottlingException',
  'Throttling',
  'TimeoutError',
  'InternalServiceErrorException',
  'InternalServerException',
]);

/**
 * What a failed call of AWS Marketplace is here: `marketplace_unavailable` where it passes by itself,
 * else `marketplace_misconfigured` with an alarm. Errors about what was asked are for the caller to
 * recognize first.
 */
export function marketplaceFailure(error: unknown): AppError {
  const {
    name = '',
    $fault,
    $metadata,
  } = error as { name?: string; $fault?: string; $metadata?: { httpStatusCode?: number } };
  const answered = $metadata?.httpStatusCode !== undefined;
  if (passing.has(name) || $fault === 'server' || !answered) {
    return new AppError(marketplaceUnavailable, {
      headers: { 'retry-after': '30' },
      cause: error,
    });
  }
  // DisabledApiException, AccessDeniedException and their like: only the vendor can fix these.
  return misconfigured(error);
}

/** `marketplace_misconfigured`, with an alarm. */
export function misconfigured(cause: unknown): AppError {
  recordMetric(marketplaceRefusals, 1);
  return new AppError(marketplaceMisconfigured, { cause });
}

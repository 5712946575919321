import {
  ExpiredTokenException,
  InvalidTokenException,
  MarketplaceMeteringClient,
  ResolveCustomerCommand,
  type ResolveCustomerCommandOutput,
} from '@aws-sdk/client-marketplace-metering';
import { AppError } from '../contract/errors.ts';
import { requireEnv } from '../runtime/config.ts';
import { recordMetric } from '../runtime/metrics.ts';
import {
  expiredRegistrationToken,
  invalidRegistrationToken,
  marketplaceMisconfigured,
  marketplaceUnavailable,
  wrongProduct,
} from './errors.ts';
import { customerLicenseId, licenseIdOf } from './license-ids.ts';
import { marketplaceRefusals } from './metrics.ts';
import { productOf } from './sold-product.ts';

/** Two tries of five seconds stay inside the twenty that a function has. */
const metering = new MarketplaceMeteringClient({
  region: requireEnv('MARKETPLACE_REGION'),
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true },
});

/** A purchase as AWS Marketplace knows it. `licenseId` is our unique name for it. */
export interface Purchase {
  licenseId: string;
  /** Known here only where the license has no other: of products on the older contract. */
  agreementId?: string;
  licenseArn?: string;
  customerIdentifier?: string;
  accountId: string;
  productCode: string;
  offerType?: string;
}

/**
 * Asks AWS Marketplace whose registration token this is. The same token gives the same answer
 * until it expires. Throws `invalid_registration_token`, `expired_registration_token`,
 * `wrong_product`, `marketplace_unavailable`, or `marketplace_misconfigured` with an alarm.
 */
export async function resolvePurchase(registrationToken: string): Promise<Purchase> {
  const customer = await resolveCustomer(registrationToken);
  const {
    LicenseArn: licenseArn,
    CustomerAWSAccountId: accountId,
    CustomerIdentifier: customerIdentifier,
    ProductCode: productCode,
  } = customer;
  if (!productCode || !accountId || !(licenseArn || customerIdentifier)) {
    throw new AppError(marketplaceUnavailable, {
      headers: { 'retry-after': '30' },
      cause: new Error('ResolveCustomer answered without a product, an account or a license'),
    });
  }
  const product = productOf(productCode);
  if (!product) throw new AppError(wrongProduct);
  if (product.identity === 'customer' && customerIdentifier) {
    const licenseId = customerLicenseId(productCode, customerIdentifier);
    return { licenseId, agreementId: licenseId, customerIdentifier, accountId, productCode };
  }
  if (product.identity === 'customer' || !licenseArn) {
    throw misconfigured(
      new Error(`ResolveCustomer names no ${product.identity ?? 'license'} of ${productCode}`),
    );
  }
  return { licenseId: licenseIdOf(licenseArn), licenseArn, accountId, productCode };
}

async function resolveCustomer(registrationToken: string): Promise<ResolveCustomerCommandOutput> {
  try {
    return await metering.send(
      new ResolveCustomerCommand({ RegistrationToken: registrationToken }),
    );
  } catch (error) {
    throw toAppError(error);
  }
}

const passing = new Set(['ThrottlingException', 'TimeoutError', 'InternalServiceErrorException']);

function toAppError(error: unknown): AppError {
  if (error instanceof InvalidTokenException)
    return new AppError(invalidRegistrationToken, { cause: error });
  if (error instanceof ExpiredTokenException)
    return new AppError(expiredRegistrationToken, { cause: error });
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

function misconfigured(cause: unknown): AppError {
  recordMetric(marketplaceRefusals, 1);
  return new AppError(marketplaceMisconfigured, { cause });
}

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
import { marketplaceRefusals } from './metrics.ts';

const productCodes = requireEnv('PRODUCT_CODES')
  .split(',')
  .map((code) => code.trim());

/** Two tries of five seconds stay inside the twenty that a function has. */
const metering = new MarketplaceMeteringClient({
  region: requireEnv('MARKETPLACE_REGION'),
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 2000, requestTimeout: 5000, throwOnRequestTimeout: true },
});

/** A purchase as AWS Marketplace knows it. `licenseId` is our unique name for it. */
export interface Purchase {
  licenseId: string;
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
  if (!productCodes.includes(productCode)) throw new AppError(wrongProduct);
  return {
    licenseId: licenseArn
      ? licenseIdOf(licenseArn)
      : `customer/${productCode}/${customerIdentifier}`,
    ...(licenseArn && { licenseArn }),
    ...(customerIdentifier && { customerIdentifier }),
    accountId,
    productCode,
  };
}

/** The id at the end of a license ARN: AWS prints the part before it in several ways. */
export function licenseIdOf(licenseArn: string): string {
  return /(?:^|[:/])(l(?:ic)?-[0-9a-z]+)$/i.exec(licenseArn)?.[1]?.toLowerCase() ?? licenseArn;
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
  recordMetric(marketplaceRefusals, 1);
  return new AppError(marketplaceMisconfigured, { cause: error });
}

import {
  ExpiredTokenException,
  InvalidTokenException,
  ResolveCustomerCommand,
  type ResolveCustomerCommandOutput,
} from '@aws-sdk/client-marketplace-metering';
import { AppError } from '../contract/errors.ts';
import { marketplaceFailure, meteringClient, misconfigured } from './clients.ts';
import {
  expiredRegistrationToken,
  invalidRegistrationToken,
  marketplaceUnavailable,
  wrongProduct,
} from './errors.ts';
import { customerLicenseId, licenseIdOf } from './license-ids.ts';
import { productOf } from './sold-product.ts';

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
    return await meteringClient().send(
      new ResolveCustomerCommand({ RegistrationToken: registrationToken }),
    );
  } catch (error) {
    if (error instanceof InvalidTokenException)
      throw new AppError(invalidRegistrationToken, { cause: error });
    if (error instanceof ExpiredTokenException)
      throw new AppError(expiredRegistrationToken, { cause: error });
    throw marketplaceFailure(error);
  }
}

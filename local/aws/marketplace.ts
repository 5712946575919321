import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Listener } from '../runtime/http.ts';
import { openStore } from '../runtime/store.ts';
import { type AwsCall, AwsError, serveAwsJson, textMember } from './aws.ts';
import type { Identities } from './iam.ts';

/** How long AWS resolves a registration token, unless a purchase asks for less. */
const tokenLifeSeconds = 4 * 60 * 60;

/** What a purchase on the local AWS Marketplace may say. */
export const PurchaseRequest = z.strictObject({
  account_id: z._default(z.string().check(z.regex(/^\d{12}$/, 'is not 12 digits')), '111122223333'),
  offer_type: z.optional(z.literal('free-trial', 'can only be free-trial')),
  product_code: z.optional(
    z.string().check(z.regex(/^[-a-zA-Z0-9/=:_.@]{1,255}$/, 'is not a product code')),
  ),
  token_ttl_seconds: z._default(
    z.int().check(z.minimum(0), z.maximum(tokenLifeSeconds)),
    tokenLifeSeconds,
  ),
});

/** A fault to make the metering API fail with, for the next `times` calls or until it is changed. */
export const Faults = z.strictObject({
  error: z.nullable(
    z.enum(['throttling', 'internal_error', 'timeout', 'disabled_api', 'access_denied']),
  ),
  times: z._default(z.nullable(z.int().check(z.positive())), null),
});

export type Faults = z.infer<typeof Faults>;

interface Purchase {
  readonly account_id: string;
  readonly license_arn: string;
  readonly agreement_id: string;
  readonly product_code: string;
  readonly offer_type: 'free-trial' | null;
  readonly purchased_at: string;
}

interface IssuedToken {
  readonly license_arn: string;
  readonly expires_at_ms: number;
}

interface State {
  purchases: Purchase[];
  tokens: Record<string, IssuedToken>;
}

export interface MarketplaceOptions {
  readonly dataDir: string;
  readonly identities: Identities;
  /** Product that is bought when a purchase does not say which. */
  readonly productCode: string;
  readonly onError?: (error: unknown) => void;
}

/** The fake AWS Marketplace: sells the product and resolves what buyers bring from there. */
export interface Marketplace extends Listener {
  /** Buys the product and opens "Set up your account" once. */
  purchase(request: z.infer<typeof PurchaseRequest>): Purchase & { token: string };
  /** "Set up your account" once more: a fresh token for a purchase. Undefined if there is no such purchase. */
  setUpAgain(licenseArn: string): { token: string } | undefined;
  purchases(): readonly Purchase[];
  faults(): Faults;
  setFaults(faults: Faults): void;
}

/** Starts it on its own port. It speaks `AWSMPMeteringService` in AWS JSON 1.1. */
export async function startMarketplace(options: MarketplaceOptions): Promise<Marketplace> {
  const store = openStore<State>(join(options.dataDir, 'marketplace.json'), {
    purchases: [],
    tokens: {},
  });
  let faults: Faults = { error: null, times: null };

  const issueToken = (licenseArn: string, lifeSeconds: number): string => {
    const token = randomBytes(96).toString('base64');
    store.value.tokens[token] = {
      license_arn: licenseArn,
      expires_at_ms: Date.now() + lifeSeconds * 1000,
    };
    store.save();
    return token;
  };

  const resolveCustomer = (token: string): Record<string, unknown> => {
    const issued = store.value.tokens[token];
    const purchase = store.value.purchases.find(
      ({ license_arn }) => license_arn === issued?.license_arn,
    );
    if (!issued || !purchase)
      throw new AwsError('InvalidTokenException', 'The registration token is not valid.');
    if (issued.expires_at_ms <= Date.now())
      throw new AwsError('ExpiredTokenException', 'The submitted registration token has expired.');
    return {
      CustomerAWSAccountId: purchase.account_id,
      LicenseArn: purchase.license_arn,
      ProductCode: purchase.product_code,
    };
  };

  const handle = async ({ principal, action, input, abandoned }: AwsCall) => {
    if (action !== 'ResolveCustomer') {
      throw new AwsError(
        'UnknownOperationException',
        `The local AWS Marketplace does not know ${action}`,
      );
    }
    principal.authorize('aws-marketplace:ResolveCustomer', '*');
    const { error, times } = faults;
    if (error) {
      if (times !== null)
        faults = times > 1 ? { error, times: times - 1 } : { error: null, times: null };
      if (error === 'timeout') {
        await abandoned;
        throw new AwsError('RequestTimeoutException', 'Nobody waits for this answer', 408);
      }
      throw faultErrors[error](principal.arn);
    }
    return resolveCustomer(textMember(input, 'RegistrationToken', 'ValidationException'));
  };

  const listener = await serveAwsJson({
    target: 'AWSMPMeteringService',
    version: '1.1',
    identities: options.identities,
    handle,
    ...(options.onError && { onError: options.onError }),
  });
  return {
    ...listener,
    purchase: ({
      account_id,
      offer_type,
      product_code = options.productCode,
      token_ttl_seconds,
    }) => {
      const purchase: Purchase = {
        account_id,
        license_arn: `arn:aws:license-manager::294406891311:license:l-${randomBytes(16).toString('hex')}`,
        agreement_id: `agmt-${randomBytes(12).toString('hex')}`,
        product_code,
        offer_type: offer_type ?? null,
        purchased_at: new Date().toISOString(),
      };
      store.value.purchases.push(purchase);
      return { ...purchase, token: issueToken(purchase.license_arn, token_ttl_seconds) };
    },
    setUpAgain: (licenseArn) => {
      const isKnown = store.value.purchases.some(({ license_arn }) => license_arn === licenseArn);
      return isKnown ? { token: issueToken(licenseArn, tokenLifeSeconds) } : undefined;
    },
    purchases: () => store.value.purchases,
    faults: () => faults,
    setFaults: (wanted) => {
      faults = wanted.error === null ? { error: null, times: null } : wanted;
    },
  };
}

const faultErrors = {
  throttling: () => new AwsError('ThrottlingException', 'The calls to the API are throttled.'),
  internal_error: () =>
    new AwsError(
      'InternalServiceErrorException',
      'An internal error has occurred. Retry your request.',
      500,
    ),
  disabled_api: () => new AwsError('DisabledApiException', 'The API is disabled in the Region.'),
  access_denied: (principal: string) =>
    new AwsError(
      'AccessDeniedException',
      `User: ${principal} is not authorized to perform: aws-marketplace:ResolveCustomer`,
    ),
} as const;

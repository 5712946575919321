import { randomBytes } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import {
  AwsError,
  type AwsJsonService,
  answerAwsJson,
  type HttpAnswer,
  textMember,
} from '../aws.ts';
import type { Identities } from '../iam.ts';
import { describeAgreement, getAgreementTerms } from './agreement-api.ts';
import { Agreements, type PurchaseRequest, tokenLifeSeconds } from './agreements.ts';
import { getEntitlements } from './entitlements.ts';
import { Faults, type Operation } from './faults.ts';
import { batchMeterUsage } from './metering.ts';
import { Notices, type Send } from './notices.ts';
import type { ListedProduct } from './products.ts';
import { type Agreement, type MarketplaceStore, type MeteredRecord, openState } from './state.ts';

export interface MarketplaceOptions {
  readonly dataDir: string;
  readonly identities: Identities;
  readonly clock: Clock;
  /** What is listed; the first is bought when a purchase does not say what. */
  readonly products: readonly ListedProduct[];
  /** Takes events and messages to the seller. */
  readonly send: Send;
  readonly onError?: (error: unknown) => void;
}

/** The local AWS Marketplace. */
export interface Marketplace {
  /** Answers the calls of its three APIs, which their targets tell apart. */
  readonly answer: HttpAnswer;
  readonly agreements: Agreements;
  readonly notices: Notices;
  readonly faults: Faults;
  /** Records of usage, the newest last. */
  readonly metered: readonly MeteredRecord[];
  /** Buys a product and opens "Set up your account" once. Throws AgreementError. */
  purchase(request: PurchaseRequest): Agreement & { token: string };
  /** "Set up your account" once more: a fresh token. Undefined if there is no such license. */
  setUpAgain(licenseArn: string): { token: string } | undefined;
  stop(): void;
}

/** Starts it. What it tells the seller is sent as it comes due on the clock. */
export function startMarketplace(options: MarketplaceOptions): Marketplace {
  const { clock, send, products, dataDir } = options;
  const store = openState(dataDir);
  const faults = new Faults();
  const notices = new Notices({ store, faults, clock, send });
  const agreements = new Agreements(store, products, notices, () => clock.rearm());
  const tokens = new Tokens(store, agreements);

  const operations: Readonly<Record<Operation, (input: Input, unprocessed: number) => Output>> = {
    ResolveCustomer: (input) => tokens.resolve(input),
    BatchMeterUsage: (input, unprocessed) => batchMeterUsage(input, agreements, store, unprocessed),
    GetEntitlements: (input) => getEntitlements(input, agreements),
    DescribeAgreement: (input) => describeAgreement(input, agreements),
    GetAgreementTerms: (input) => getAgreementTerms(input, agreements),
  };
  const service = (
    target: string,
    version: '1.0' | '1.1',
    names: readonly Operation[],
  ): AwsJsonService => ({
    target,
    version,
    identities: options.identities,
    handle: async (call) => {
      const name = names.find((each) => each === call.action);
      if (!name)
        throw new AwsError(
          'UnknownOperationException',
          `The local AWS Marketplace does not know ${call.action}`,
        );
      call.principal.authorize(`aws-marketplace:${name}`, '*');
      return faults.call(name, call, (unprocessed) => operations[name](call.input, unprocessed));
    },
    ...(options.onError && { onError: options.onError }),
  });
  const removals = [clock.add(agreements), clock.add(notices)];
  return {
    answer: answerAwsJson([
      service('AWSMPMeteringService', '1.1', ['ResolveCustomer', 'BatchMeterUsage']),
      service('AWSMPEntitlementService', '1.1', ['GetEntitlements']),
      service('AWSMPCommerceService_v20200301', '1.0', ['DescribeAgreement', 'GetAgreementTerms']),
    ]),
    agreements,
    notices,
    faults,
    metered: store.metered,
    purchase: (request) => {
      const bought = agreements.purchase(request);
      return { ...bought, token: tokens.issue(bought.license_arn, request.token_ttl_seconds) };
    },
    setUpAgain: (licenseArn) => {
      const known = agreements.ofLicense(licenseArn);
      return known && { token: tokens.issue(known.license_arn, tokenLifeSeconds) };
    },
    stop: () => {
      for (const remove of removals) remove();
    },
  };
}

type Input = Readonly<Record<string, unknown>>;
type Output = Record<string, unknown>;

/** Registration tokens: opaque, resolved as often as they are asked for until they expire. */
class Tokens {
  readonly #store: MarketplaceStore;
  readonly #agreements: Agreements;

  constructor(store: MarketplaceStore, agreements: Agreements) {
    this.#store = store;
    this.#agreements = agreements;
  }

  issue(licenseArn: string, lifeSeconds: number): string {
    const token = randomBytes(96).toString('base64');
    this.#store.state.tokens[token] = {
      license_arn: licenseArn,
      expires_at_ms: Date.now() + lifeSeconds * 1000,
    };
    this.#store.save();
    return token;
  }

  /** ResolveCustomer. Throws AwsError. */
  resolve(input: Input): Output {
    const token = textMember(input, 'RegistrationToken', 'ValidationException');
    const issued = this.#store.state.tokens[token];
    const agreement = issued && this.#agreements.ofLicense(issued.license_arn);
    if (!agreement)
      throw new AwsError('InvalidTokenException', 'The registration token is not valid.');
    if (issued.expires_at_ms <= Date.now())
      throw new AwsError('ExpiredTokenException', 'The submitted registration token has expired.');
    return {
      CustomerAWSAccountId: agreement.account_id,
      ...(agreement.identity === 'customer'
        ? { CustomerIdentifier: agreement.customer_identifier }
        : { LicenseArn: agreement.license_arn }),
      ProductCode: agreement.product_code,
    };
  }
}

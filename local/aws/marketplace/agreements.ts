import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import type { Timed } from '../../runtime/clock.ts';
import * as events from './events.ts';
import type { Notices } from './notices.ts';
import {
  type Dimensions,
  identities,
  type ListedProduct,
  type Pricing,
  pricings,
  termsOf,
  unlisted,
} from './products.ts';
import type { Agreement, EventEnvelope, MarketplaceStore, Status } from './state.ts';

const dayMs = 24 * 60 * 60 * 1000;
const hourMs = 60 * 60 * 1000;
/** From the end of an agreement until its license is taken away: 31 s were seen. */
const deprovisionAfterMs = 30_000;
/** From `unsubscribe-pending` until `unsubscribe-success` of the older contract. */
const unsubscribeAfterMs = hourMs;
const usualContractMs = 365 * dayMs;
/** How long AWS resolves a registration token, unless a purchase asks for less. */
export const tokenLifeSeconds = 4 * 60 * 60;

const dimensionKey = z
  .string()
  .check(z.regex(/^[-a-zA-Z0-9_.]{1,255}$/, 'is not the key of a dimension'));
const dimensionValue = z.union([
  z.number().check(z.minimum(0)),
  z.boolean(),
  z.string().check(z.maxLength(255)),
]);
/** What is bought, by dimension; a list is one of each. */
const DimensionsRequest = z
  .union([
    z.record(dimensionKey, dimensionValue),
    z.pipe(
      z.array(dimensionKey),
      z.transform((keys: string[]): Dimensions => Object.fromEntries(keys.map((key) => [key, 1]))),
    ),
  ])
  .check(z.refine((dimensions) => Object.keys(dimensions).length > 0, 'names no dimension'));
const endsAt = z.optional(z.iso.datetime({ offset: true, error: 'is not a time in ISO 8601' }));
const no = z._default(z.boolean(), false);

/** What a purchase on the local AWS Marketplace may say. */
export const PurchaseRequest = z.strictObject({
  account_id: z._default(z.string().check(z.regex(/^\d{12}$/, 'is not 12 digits')), '111122223333'),
  offer_type: z.optional(z.literal('free-trial', 'can only be free-trial')),
  trial_days: z._default(z.int().check(z.minimum(5), z.maximum(31)), 14),
  private_offer: no,
  channel_partner: no,
  product_code: z.optional(
    z.string().check(z.regex(/^[-a-zA-Z0-9/=:_.@]{1,255}$/, 'is not a product code')),
  ),
  pricing: z.optional(z.enum(pricings, `is none of ${pricings.join(', ')}`)),
  identity: z.optional(z.enum(identities, `is none of ${identities.join(', ')}`)),
  dimensions: z.optional(DimensionsRequest),
  ends_at: endsAt,
  token_ttl_seconds: z._default(
    z.int().check(z.minimum(0), z.maximum(tokenLifeSeconds)),
    tokenLifeSeconds,
  ),
});
export type PurchaseRequest = z.infer<typeof PurchaseRequest>;

/** What may be said when an agreement is amended, renewed or replaced. */
export const ChangeRequest = z.strictObject({
  dimensions: z.optional(DimensionsRequest),
  ends_at: endsAt,
});
export type ChangeRequest = z.infer<typeof ChangeRequest>;

export const changes = ['amend', 'renew', 'replace'] as const;
export const endings = ['cancel', 'expire', 'terminate'] as const;
export type Change = (typeof changes)[number];
export type Ending = (typeof endings)[number];

const statusOf: Readonly<Record<Ending, Status>> = {
  cancel: 'CANCELLED',
  expire: 'EXPIRED',
  terminate: 'TERMINATED',
};

/** What an agreement does not allow in its state. */
export class AgreementError extends Error {}

/** The agreements of all buyers, what may be done with them, and what the seller is told of it. */
export class Agreements implements Timed {
  readonly isExact = true;
  readonly #store: MarketplaceStore;
  /** What is listed; the first is bought by a purchase that does not say what. */
  readonly products: readonly ListedProduct[];
  readonly #notices: Notices;
  readonly #rearm: () => void;
  /** The latest time of an event, by agreement. */
  readonly #lastTimes = new Map<string, number>();

  constructor(
    store: MarketplaceStore,
    products: readonly ListedProduct[],
    notices: Notices,
    rearm: () => void,
  ) {
    this.#store = store;
    this.products = products;
    this.#notices = notices;
    this.#rearm = rearm;
  }

  all(): readonly Agreement[] {
    return this.#store.state.agreements;
  }

  find(agreementId: string): Agreement | undefined {
    return this.all().find(({ agreement_id }) => agreement_id === agreementId);
  }

  /** By license, compared as sellers should: by what follows the last colon. */
  ofLicense(licenseArn: string): Agreement | undefined {
    const id = licenseArn.split(':').at(-1);
    return this.all().find(({ license_arn }) => license_arn.endsWith(`:${id}`));
  }

  product(code: string): ListedProduct {
    return this.products.find((product) => product.code === code) ?? unlisted(code);
  }

  /** Whether a product is listed or was ever bought. */
  isKnown(code: string): boolean {
    return (
      this.products.some((product) => product.code === code) ||
      this.all().some(({ product_code }) => product_code === code)
    );
  }

  /** Buys a product. Throws AgreementError where the older contract allows one agreement at a time. */
  purchase(request: PurchaseRequest): Agreement {
    const product = this.product(request.product_code ?? this.products[0]?.code ?? '');
    const { account_id } = request;
    const pricing = request.pricing ?? product.pricing;
    const identity = request.identity ?? product.identity;
    const isHeld = this.all().some(
      (each) =>
        each.account_id === account_id &&
        each.product_code === product.code &&
        each.status === 'ACTIVE' &&
        (identity === 'customer' || each.identity === 'customer'),
    );
    if (isHeld)
      throw new AgreementError(
        `Account ${account_id} has an agreement for ${product.code}, and the older contract allows one at a time: amend, replace or end it`,
      );
    const now = Date.now();
    const isTrial = request.offer_type === 'free-trial';
    const trialEnd = isTrial ? now + request.trial_days * dayMs : null;
    const agreement = this.#make({
      account_id,
      product,
      pricing,
      identity,
      offer_type: isTrial ? 'free-trial' : null,
      private_offer: request.private_offer,
      channel_partner: request.channel_partner,
      intent: 'NEW',
      previous: null,
      dimensions: request.dimensions,
      trialEnd,
      endsAt:
        this.#endOf(request.ends_at) ??
        (isContract(pricing) ? (trialEnd ?? now + usualContractMs) : null),
    });
    this.#announce(agreement, now);
    this.#store.save();
    return agreement;
  }

  /** Changes an agreement, or makes its successor; the answer is the one that is in force. Throws AgreementError. */
  change(agreement: Agreement, change: Change, { dimensions, ends_at }: ChangeRequest): Agreement {
    const now = Date.now();
    const isLateRenewal = change === 'renew' && agreement.status === 'EXPIRED';
    if (!isLateRenewal) this.#requireActive(agreement, change);
    const end = this.#endOf(ends_at);
    if (change === 'amend') {
      const { pricing } = agreement;
      if (dimensions)
        Object.assign(
          agreement,
          termsOf(this.product(agreement.product_code), pricing, dimensions),
        );
      if (end !== undefined) agreement.ends_at = new Date(end).toISOString();
      this.#tellAmended(agreement, now);
      this.#store.save();
      this.#rearm();
      return agreement;
    }
    const length = agreement.ends_at
      ? Date.parse(agreement.ends_at) - Date.parse(agreement.purchased_at)
      : null;
    const from =
      agreement.ends_at && change === 'renew' ? Math.max(now, Date.parse(agreement.ends_at)) : now;
    const successor = this.#make({
      account_id: agreement.account_id,
      product: this.product(agreement.product_code),
      pricing: agreement.pricing,
      identity: agreement.identity,
      offer_type: null,
      private_offer: agreement.private_offer,
      channel_partner: agreement.channel_partner,
      intent: change === 'renew' ? 'RENEW' : 'REPLACE',
      previous: agreement,
      dimensions:
        dimensions ??
        (agreement.pricing === 'usage'
          ? agreement.meterable && Object.fromEntries(agreement.meterable.map((key) => [key, 1]))
          : agreement.dimensions) ??
        undefined,
      trialEnd: null,
      endsAt: end ?? (length === null ? null : from + length),
    });
    if (agreement.identity === 'license') this.#tell(successor, this.#purchased, 'Created', now);
    if (!isLateRenewal) this.#finish(agreement, change === 'renew' ? 'RENEWED' : 'REPLACED', now);
    if (agreement.identity === 'license') this.#tell(successor, events.license, 'Updated', now);
    else this.#tellLegacyStart(successor, now);
    this.#store.save();
    return successor;
  }

  /** Ends an agreement before, or at, its end. Throws AgreementError for one that has ended. */
  end(agreement: Agreement, ending: Ending): void {
    this.#requireActive(agreement, ending);
    this.#finish(agreement, statusOf[ending], Date.now());
    this.#store.save();
  }

  /** When the next agreement expires by itself. */
  nextAt(): number | undefined {
    const ends = this.all().flatMap(({ status, ends_at }) =>
      status === 'ACTIVE' && ends_at !== null ? Date.parse(ends_at) : [],
    );
    return ends.length > 0 ? Math.min(...ends) : undefined;
  }

  /** Lets those expire whose end has come, and sends what is due of it. */
  async run(): Promise<void> {
    const now = Date.now();
    for (const agreement of this.all()) {
      const { status, ends_at } = agreement;
      if (status === 'ACTIVE' && ends_at !== null && Date.parse(ends_at) <= now)
        this.#finish(agreement, 'EXPIRED', Date.parse(ends_at));
    }
    this.#store.save();
    await this.#notices.run();
  }

  #make(facts: {
    account_id: string;
    product: ListedProduct;
    pricing: Pricing;
    identity: Agreement['identity'];
    offer_type: Agreement['offer_type'];
    private_offer: boolean;
    channel_partner: boolean;
    intent: Agreement['intent'];
    previous: Agreement | null;
    dimensions: Dimensions | undefined;
    trialEnd: number | null;
    endsAt: number | null;
  }): Agreement {
    const { product, previous, dimensions, trialEnd, endsAt: end, ...rest } = facts;
    const id = `agmt-${randomBytes(12).toString('hex')}`;
    const agreement: Agreement = {
      ...rest,
      agreement_id: id,
      license_arn: `arn:aws:license-manager::294406891311:license:l-${randomBytes(16).toString('hex')}`,
      customer_identifier: customerIdentifierOf(rest.account_id),
      product_code: product.code,
      offer_id: `offer-${randomBytes(7).toString('hex').slice(0, 13)}`,
      ...termsOf(product, rest.pricing, dimensions),
      previous_agreement_id: previous?.agreement_id ?? null,
      initial_agreement_id: previous?.initial_agreement_id ?? id,
      purchased_at: new Date().toISOString(),
      trial_ends_at: isoOf(trialEnd),
      status: 'ACTIVE',
      ends_at: isoOf(end),
      ended_at: null,
      deprovisioned_at: null,
    };
    this.#store.state.agreements.push(agreement);
    this.#rearm();
    return agreement;
  }

  readonly #purchased = (agreement: Agreement, subject: 'Created' | 'Amended', timeMs: number) =>
    events.purchased(agreement, subject, this.product(agreement.product_code).name, timeMs);

  #announce(agreement: Agreement, now: number): void {
    if (agreement.identity === 'customer') {
      this.#tellLegacyStart(agreement, now);
      return;
    }
    this.#tell(agreement, this.#purchased, 'Created', now);
    this.#tell(agreement, events.license, 'Updated', now);
  }

  #tellAmended(agreement: Agreement, now: number): void {
    if (agreement.identity === 'license') {
      this.#tell(agreement, this.#purchased, 'Amended', now);
      this.#tell(agreement, events.license, 'Updated', now);
    } else if (agreement.pricing !== 'usage') {
      this.#tellLegacy(agreement, 'entitlement-updated', now);
    }
  }

  #tellLegacyStart(agreement: Agreement, now: number): void {
    if (agreement.pricing !== 'contract') this.#tellLegacy(agreement, 'subscribe-success', now);
    if (isContract(agreement.pricing)) this.#tellLegacy(agreement, 'entitlement-updated', now);
  }

  #finish(agreement: Agreement, status: Status, at: number): void {
    const isLegacy = agreement.identity === 'customer';
    const gone = at + (isLegacy ? 0 : deprovisionAfterMs);
    agreement.status = status;
    agreement.ended_at = new Date(at).toISOString();
    agreement.deprovisioned_at = new Date(gone).toISOString();
    if (!isLegacy) {
      this.#tell(agreement, (each, _, time) => events.ended(each, time), 'Ended', at);
      this.#tell(agreement, events.license, 'Deprovisioned', gone);
      return;
    }
    // A successor goes on under the same customer identifier, and says so by itself.
    if (status === 'RENEWED' || status === 'REPLACED') return;
    if (isContract(agreement.pricing)) this.#tellLegacy(agreement, 'entitlement-updated', at);
    if (agreement.pricing === 'contract') return;
    this.#tellLegacy(agreement, 'unsubscribe-pending', at);
    this.#tellLegacy(agreement, 'unsubscribe-success', at + unsubscribeAfterMs);
  }

  #requireActive(agreement: Agreement, action: string): void {
    if (agreement.status === 'ACTIVE') return;
    throw new AgreementError(
      `Agreement ${agreement.agreement_id} is ${agreement.status}: only an active one can be told to ${action}`,
    );
  }

  #endOf(endsAtText: string | undefined): number | undefined {
    if (endsAtText === undefined) return undefined;
    const end = Date.parse(endsAtText);
    if (end > Date.now()) return end;
    throw new AgreementError('ends_at lies in the past: use expire to end an agreement now');
  }

  /**
   * Events have whole seconds. Those of one agreement never have the same one, so that their order can
   * be told from their times, as it can with those of AWS, which come a minute apart.
   */
  #tell<S extends string>(
    agreement: Agreement,
    make: (agreement: Agreement, subject: S, timeMs: number) => EventEnvelope,
    subject: S,
    at: number,
  ): void {
    const time = this.#timeOf(agreement, Math.floor(at / 1000) * 1000, 1000);
    const event = make(agreement, subject, time);
    this.#notices.add({ channel: 'event-bridge', event }, event['detail-type'], agreement, at);
  }

  #tellLegacy(
    agreement: Agreement,
    action: Parameters<typeof events.message>[1],
    at: number,
  ): void {
    const time = this.#timeOf(agreement, at, 1);
    this.#notices.add(events.message(agreement, action, time), action, agreement, at);
  }

  /** A time after that of the latest event of the agreement. */
  #timeOf({ agreement_id }: Agreement, at: number, apart: number): number {
    const time = Math.max(at, (this.#lastTimes.get(agreement_id) ?? 0) + apart);
    this.#lastTimes.set(agreement_id, time);
    return time;
  }
}

const isContract = (pricing: Pricing) =>
  pricing === 'contract' || pricing === 'contract-with-consumption';
const isoOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** A buyer's name with this seller in the older contract: always the same. */
function customerIdentifierOf(accountId: string): string {
  const digest = createHash('sha256').update(`customer ${accountId}`).digest('hex');
  return BigInt(`0x${digest}`).toString(36).slice(0, 11).toUpperCase();
}

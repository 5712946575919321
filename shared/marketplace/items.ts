import * as z from 'zod/mini';

/** What a buyer is entitled to, as AWS last told. */
export const Entitlement = z.object({
  dimension: z.string(),
  value: z.union([z.number(), z.boolean(), z.string()]),
  /** Null for one without end. */
  expires_at: z.nullable(z.string()),
});
export type Entitlement = z.infer<typeof Entitlement>;

/** What AWS tells of an agreement when asked. */
export const AgreementTerms = z.object({
  is_free_trial: z.boolean(),
  trial_ends_at: z.nullable(z.string()),
  ends_at: z.nullable(z.string()),
  read_at: z.string(),
});
export type AgreementTerms = z.infer<typeof AgreementTerms>;

/** A license of a tenant: what it names, and its state by the events that were applied. */
export const LicenseItem = z.object({
  license_id: z.string(),
  license_arn: z.optional(z.string()),
  customer_identifier: z.optional(z.string()),
  agreement_id: z.optional(z.string()),
  account_id: z.string(),
  product_code: z.string(),
  offer_type: z.optional(z.string()),
  status: z.enum(['PENDING', 'ACTIVE', 'ENDED']),
  is_free_trial: z._default(z.boolean(), false),
  started_at: z._default(z.nullable(z.string()), null),
  ends_at: z._default(z.nullable(z.string()), null),
  end_reason: z._default(
    z.nullable(
      z.enum([
        'CANCELLED',
        'EXPIRED',
        'TERMINATED',
        'DEPROVISIONED',
        'PAYMENT_FAILED',
        'RENEWED',
        'REPLACED',
      ]),
    ),
    null,
  ),
  deprovisioned_at: z._default(z.nullable(z.string()), null),
  renews: z._default(z.nullable(z.boolean()), null),
  next: z._default(z.nullable(z.object({ what: z.string(), at: z.nullable(z.string()) })), null),
  /** Events of the agreement that the state is made of: more of them win. */
  applied_events: z._default(z.number(), 0),
  trial_ends_at: z._default(z.nullable(z.string()), null),
  /** Of products that have them, once AWS was asked. */
  entitlements: z.optional(z.array(Entitlement)),
  /** When AWS was asked. */
  entitlements_at: z.optional(z.string()),
  created_at: z.string(),
});
export type LicenseItem = z.infer<typeof LicenseItem>;

/** The way from a license to its agreement and its tenant. Either may be known first. */
export const LicenseLookupItem = z.object({
  tenant_id: z.optional(z.string()),
  agreement_id: z.optional(z.string()),
  license_arn: z.optional(z.string()),
  product_code: z.optional(z.string()),
  account_id: z.optional(z.string()),
});
export type LicenseLookupItem = z.infer<typeof LicenseLookupItem>;

/** An agreement, beside its events. */
export const AgreementItem = z.object({
  agreement_id: z.string(),
  event_count: z.number(),
  first_event_at: z.string(),
  previous_agreement_id: z.optional(z.string()),
  /** A tenant has a license of it: its events are applied. */
  tenant_id: z.optional(z.string()),
  terms: z.optional(AgreementTerms),
  /** It is about a product that is not sold here. */
  is_foreign: z.optional(z.literal(true)),
});
export type AgreementItem = z.infer<typeof AgreementItem>;

import * as z from 'zod';
import { apiKeyScopes, roles } from '../contract/endpoint.ts';
import {
  ChannelName,
  DeliveryStatus,
  DisabledReason,
  SubscriptionPlan,
  TenantStatus,
} from '../contract/schemas.ts';

/** What is stored, as it is read back. Keys and TTL attributes are dropped in parsing. */

export const TenantItem = z.object({
  id: z.string(),
  name: z.string().nullable(),
  status: TenantStatus,
  plan: SubscriptionPlan.nullable(),
  marketplace_type: ChannelName,
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number(),
});
export type TenantItem = z.infer<typeof TenantItem>;

export const LicenseItem = z.object({
  license_id: z.string(),
  license_arn: z.string().optional(),
  customer_identifier: z.string().optional(),
  account_id: z.string(),
  product_code: z.string(),
  offer_type: z.string().optional(),
  status: z.enum(['PENDING', 'ACTIVE', 'ENDED']),
  created_at: z.string(),
});
export type LicenseItem = z.infer<typeof LicenseItem>;

export const LicenseLookupItem = z.object({ tenant_id: z.string() });

export const MemberItem = z.object({
  user_id: z.string(),
  email: z.string(),
  role: z.enum(roles),
  created_at: z.string(),
  /** Sessions that began at or before this moment are over. */
  signed_out_at_ms: z.number().optional(),
});
export type MemberItem = z.infer<typeof MemberItem>;

export const IdentityItem = z.object({ user_id: z.string(), password_hash: z.string() });

export const MembershipItem = z.object({ tenant_id: z.string() });

export const SessionItem = z.object({
  session_id: z.string(),
  user_id: z.string(),
  family_hash: z.string(),
  generation_hash: z.string(),
  previous_hash: z.string().optional(),
  rotated_at_ms: z.number().optional(),
  /** Makes the current generation out of the previous one, for a retry within the grace. */
  successor_nonce: z.string().optional(),
  created_at_ms: z.number(),
  expires_at_ms: z.number(),
  revoked_at_ms: z.number().optional(),
  /** Refreshes since `window_start_ms`: the account limit on refresh. */
  window_start_ms: z.number(),
  window_count: z.number(),
  user_agent: z.string().optional(),
});
export type SessionItem = z.infer<typeof SessionItem>;

export const ApiKeyItem = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(apiKeyScopes)),
  key_hash: z.string(),
  expires_at: z.string(),
  created_at: z.string(),
});
export type ApiKeyItem = z.infer<typeof ApiKeyItem>;

export const ApiKeyLookupItem = z.object({
  tenant_id: z.string(),
  id: z.string(),
  scopes: z.array(z.enum(apiKeyScopes)),
  expires_at: z.string(),
});

/** Seller credentials, sealed. What is readable here is what a reader of the API may see. */
export const CredentialItem = z.object({
  marketplace: ChannelName,
  /** JWE (dir, A256GCM) of the credentials; its protected header names the tenant and this item. */
  sealed: z.string(),
  /** The data key of `sealed`, encrypted by KMS. */
  data_key: z.string(),
  key_id: z.string(),
  key_material_id: z.string(),
  sealed_at: z.string(),
  shown: z.record(z.string(), z.string()),
  verified_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type CredentialItem = z.infer<typeof CredentialItem>;

export const DetectionItem = z.object({
  id: z.string(),
  ts: z.string(),
  source_ip: z.string(),
  label: z.string(),
  probability: z.number(),
  eni_id: z.string().optional(),
  /** Seconds since the epoch when its retention ends. */
  ttl: z.number(),
});
export type DetectionItem = z.infer<typeof DetectionItem>;

export const WebhookItem = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  description: z.string().optional(),
  enabled: z.boolean(),
  disabled_reason: DisabledReason.optional(),
  /** Sealed; it opens for this tenant and this webhook only. */
  secret: z.string(),
  previous_secret: z.string().optional(),
  /** Until then deliveries carry a signature of the previous secret too. */
  previous_until: z.string().optional(),
  /** Attempts in a row that have failed, and when the last of them did. */
  failures: z.number().optional(),
  failed_at_ms: z.number().optional(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type WebhookItem = z.infer<typeof WebhookItem>;

export const DeliveryItem = z.object({
  id: z.string(),
  tenant_id: z.string(),
  webhook_id: z.string(),
  type: z.string(),
  /** Exactly what is sent. */
  body: z.string(),
  status: DeliveryStatus,
  attempts: z.number(),
  /** Attempts since it was made or last replayed. */
  round: z.number(),
  replays: z.number().default(0),
  replayed_at: z.string().optional(),
  created_at: z.string(),
  last_attempt_at: z.string().optional(),
  next_attempt_at: z.string().optional(),
  claimed_until_ms: z.number().optional(),
  response_status: z.number().optional(),
  response_body: z.string().optional(),
  error: z.string().optional(),
});
export type DeliveryItem = z.infer<typeof DeliveryItem>;

export const EniItem = z.object({ eni_id: z.string() });

export const EniLookupItem = z.object({ tenant_id: z.string() });

export const EniReporterItem = z.object({ tenant_id: z.string(), ttl: z.number() });

export const EniRegisterItem = z.object({ vni: z.number(), count: z.number() });

export const DetectionCountItem = z.object({
  day: z.string(),
  value: z.string(),
  count: z.number(),
  ttl: z.number(),
});
export type DetectionCountItem = z.infer<typeof DetectionCountItem>;

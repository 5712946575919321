import * as z from 'zod/mini';
import { roles } from '../contract/endpoint.ts';

export const MemberRole = z.enum(roles);

export const MemberItem = z.object({
  user_id: z.string(),
  email: z.string(),
  /** One that this release does not know lets its member do nothing. */
  role: z.string(),
  /** What they are written to in; one that this release does not know is English. */
  language: z.optional(z.string()),
  created_at: z.string(),
  /** Sessions that began at or before this moment are over. */
  signed_out_at_ms: z.optional(z.number()),
});
export type MemberItem = z.infer<typeof MemberItem>;

export const IdentityItem = z.object({ user_id: z.string(), password_hash: z.string() });

export const MembershipItem = z.object({ tenant_id: z.string() });

export const SessionItem = z.object({
  session_id: z.string(),
  user_id: z.string(),
  family_hash: z.string(),
  generation_hash: z.string(),
  previous_hash: z.optional(z.string()),
  rotated_at_ms: z.optional(z.number()),
  /** Makes the current generation out of the previous one, for a retry within the grace. */
  successor_nonce: z.optional(z.string()),
  created_at_ms: z.number(),
  expires_at_ms: z.number(),
  revoked_at_ms: z.optional(z.number()),
  /** Refreshes since `window_start_ms`: the account limit on refresh. */
  window_start_ms: z.number(),
  window_count: z.number(),
  user_agent: z.optional(z.string()),
});
export type SessionItem = z.infer<typeof SessionItem>;

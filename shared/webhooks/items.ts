import * as z from 'zod/mini';
import { once } from '../runtime/once.ts';
import { DeliveryStatus, DisabledReason } from './schemas.ts';

/** Made for the first webhook: to publish an event takes none where a tenant has no webhooks. */
export const WebhookItem = once(() =>
  z.object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    description: z.optional(z.string()),
    enabled: z.boolean(),
    disabled_reason: z.optional(DisabledReason),
    /** Sealed; it opens for this tenant and this webhook only. */
    secret: z.string(),
    previous_secret: z.optional(z.string()),
    /** Until then deliveries carry a signature of the previous secret too. */
    previous_until: z.optional(z.string()),
    /** Attempts in a row that have failed, and when the last of them did. */
    failures: z.optional(z.number()),
    failed_at_ms: z.optional(z.number()),
    /** While deliveries that rested are brought forward: until when no other run may begin. */
    resuming_until_ms: z.optional(z.number()),
    created_at: z.string(),
    updated_at: z.string(),
  }),
);
export type WebhookItem = z.infer<ReturnType<typeof WebhookItem>>;

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
  replays: z._default(z.number(), 0),
  replayed_at: z.optional(z.string()),
  created_at: z.string(),
  last_attempt_at: z.optional(z.string()),
  next_attempt_at: z.optional(z.string()),
  claimed_until_ms: z.optional(z.number()),
  response_status: z.optional(z.number()),
  response_body: z.optional(z.string()),
  error: z.optional(z.string()),
});
export type DeliveryItem = z.infer<typeof DeliveryItem>;

import * as z from 'zod';
import { DeliveryStatus, DisabledReason } from './schemas.ts';

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
  /** While postponed deliveries are resumed: until when no other run may begin. */
  resuming_until_ms: z.number().optional(),
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

import * as z from 'zod';
import { defineQueue } from '../contract/queues.ts';

/** A webhook by its names. */
export const WebhookNames = z.strictObject({ tenant_id: z.string(), webhook_id: z.string() });
const AttemptMessage = WebhookNames.extend({ delivery_id: z.string() });
const PurgeMessage = WebhookNames.extend({ purge: z.literal(true) });
const ResumeMessage = WebhookNames.extend({
  /** The run that the message is of: what the webhook's item has as `resuming_until_ms`. */
  resume: z.number(),
});
export type AttemptMessage = z.infer<typeof AttemptMessage>;
export type ResumeMessage = z.infer<typeof ResumeMessage>;

/** Deliveries to attempt, webhooks whose receiver answers again, and deleted ones with their deliveries. */
export const deliveryQueue = defineQueue(
  'webhooks',
  z.union([AttemptMessage, PurgeMessage, ResumeMessage]),
);

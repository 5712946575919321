import * as z from 'zod/mini';
import { defineQueue } from '../contract/queues.ts';

/** Deliveries to attempt, webhooks whose receiver answers again, and deleted ones with their deliveries. */
export const deliveryQueue = defineQueue('webhooks', () => {
  const webhook = z.strictObject({ tenant_id: z.string(), webhook_id: z.string() });
  return z.union([
    z.extend(webhook, { delivery_id: z.string() }),
    z.extend(webhook, { purge: z.literal(true) }),
    /** `resume` is the run that the message is of: what the webhook's item has as `resuming_until_ms`. */
    z.extend(webhook, { resume: z.number() }),
  ]);
});

export type DeliveryMessage = z.infer<typeof deliveryQueue.message>;
/** A webhook by its names. */
export type WebhookNames = Pick<DeliveryMessage, 'tenant_id' | 'webhook_id'>;
export type AttemptMessage = Extract<DeliveryMessage, { delivery_id: string }>;
export type ResumeMessage = Extract<DeliveryMessage, { resume: number }>;

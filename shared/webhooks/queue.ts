import * as z from 'zod';
import { defineQueue } from '../contract/queues.ts';

/** A webhook by its names. */
export const WebhookNames = z.strictObject({ tenant_id: z.string(), webhook_id: z.string() });
const AttemptMessage = WebhookNames.extend({ delivery_id: z.string() });
const PurgeMessage = WebhookNames.extend({ purge: z.literal(true) });
export type AttemptMessage = z.infer<typeof AttemptMessage>;

/** Deliveries to attempt, and deleted webhooks whose deliveries are to go. */
export const deliveryQueue = defineQueue('webhooks', z.union([AttemptMessage, PurgeMessage]));

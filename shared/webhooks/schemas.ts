import * as z from 'zod/mini';
import { idOf } from '../contract/schemas.ts';
import { webhookIds } from './ids.ts';

export const WebhookId = idOf(webhookIds);
export const DisabledReason = z.enum(['by_hand', 'gone', 'failing']);
export const DeliveryStatus = z.enum(['pending', 'delivered', 'failed']);

import type { getWebhook, listDeliveries } from '../../shared/webhooks/contract.ts';
import type { AnswerOf } from '../app/http.ts';

export type Webhook = AnswerOf<typeof getWebhook>;
export type DeliveryPage = AnswerOf<typeof listDeliveries>;
export type Delivery = DeliveryPage['items'][number];

import type * as z from 'zod';
import type * as contract from '../../shared/webhooks/contract.ts';
import type { BodyOf, QueryOf } from '../app/api.ts';
import { type Call, send } from '../app/http.ts';
import type { Session } from '../app/session.ts';

export const calls = {
  listWebhooks: { id: 'webhooks/list', method: 'GET', path: '/api/v1/webhooks' },
  createWebhook: { id: 'webhooks/create', method: 'POST', path: '/api/v1/webhooks' },
  getWebhook: { id: 'webhooks/get', method: 'GET', path: '/api/v1/webhooks/{id}' },
  updateWebhook: { id: 'webhooks/update', method: 'PATCH', path: '/api/v1/webhooks/{id}' },
  deleteWebhook: { id: 'webhooks/delete', method: 'DELETE', path: '/api/v1/webhooks/{id}' },
  rotateSecret: {
    id: 'webhooks/rotate-secret',
    method: 'POST',
    path: '/api/v1/webhooks/{id}/rotate-secret',
  },
  testWebhook: { id: 'webhooks/test', method: 'POST', path: '/api/v1/webhooks/{id}/test' },
  listDeliveries: {
    id: 'webhooks/list-deliveries',
    method: 'GET',
    path: '/api/v1/webhooks/{id}/deliveries',
  },
  replayDelivery: {
    id: 'webhooks/replay-delivery',
    method: 'POST',
    path: '/api/v1/webhooks/{id}/deliveries/{delivery_id}/replay',
  },
} as const satisfies Record<string, Call>;

export type Webhook = z.output<typeof contract.Webhook>;
export type WebhookWithSecret = Webhook & { secret: string };
export type Delivery = z.output<typeof contract.Delivery>;
export interface DeliveryPage {
  items: Delivery[];
  next_cursor: string | null;
}

/** The endpoints of webhooks, for a signed-in user. */
export function webhooksApi(session: Session) {
  return {
    list: (signal: AbortSignal) =>
      session.run((token) => send<{ items: Webhook[] }>(calls.listWebhooks, { signal }, token)),
    create: (body: BodyOf<typeof contract.createWebhook>) =>
      session.run((token) => send<WebhookWithSecret>(calls.createWebhook, { body }, token)),
    get: (id: string, signal: AbortSignal) =>
      session.run((token) => send<Webhook>(calls.getWebhook, { path: { id }, signal }, token)),
    update: (id: string, body: BodyOf<typeof contract.updateWebhook>) =>
      session.run((token) => send<Webhook>(calls.updateWebhook, { path: { id }, body }, token)),
    delete: (id: string) =>
      session.run((token) => send<void>(calls.deleteWebhook, { path: { id } }, token)),
    rotateSecret: (id: string) =>
      session.run((token) => send<WebhookWithSecret>(calls.rotateSecret, { path: { id } }, token)),
    test: (id: string) =>
      session.run((token) => send<Delivery>(calls.testWebhook, { path: { id } }, token)),
    deliveries: (id: string, query: QueryOf<typeof contract.listDeliveries>, signal: AbortSignal) =>
      session.run((token) =>
        send<DeliveryPage>(calls.listDeliveries, { path: { id }, query, signal }, token),
      ),
    replay: (id: string, deliveryId: string) =>
      session.run((token) =>
        send<Delivery>(calls.replayDelivery, { path: { id, delivery_id: deliveryId } }, token),
      ),
  };
}

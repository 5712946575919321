import { defineMetric } from '../contract/metrics.ts';

/** How one attempt of a delivery to a webhook ended. */
export const attemptOutcomes = [
  'delivered',
  'refused',
  'timeout',
  'connection_failed',
  'address_refused',
  'secret_unreadable',
  'internal_error',
] as const;

export const webhookAttempts = defineMetric({
  name: 'WebhookAttempts',
  kind: 'count',
  dimensions: { outcome: attemptOutcomes },
  description: 'Attempts to deliver an event to a webhook, by how they ended',
});

export const deliveryLatency = defineMetric({
  name: 'DeliveryLatency',
  kind: 'milliseconds',
  dimensions: {},
  description: 'How long an attempt to deliver an event to a webhook took',
});

export const webhookDisabled = defineMetric({
  name: 'WebhookDisabled',
  kind: 'count',
  dimensions: {},
  description: 'Webhooks that were switched off because their receiver is gone or keeps failing',
});

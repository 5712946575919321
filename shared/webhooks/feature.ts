import { defineFeature } from '../contract/feature.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as keys from './keys.ts';
import * as limits from './limits.ts';

/** Webhooks: a tenant has its own servers told of events. */
export const webhooks = defineFeature({
  id: 'webhooks',
  endpoints: [
    contract.createWebhook,
    contract.listWebhooks,
    contract.getWebhook,
    contract.updateWebhook,
    contract.deleteWebhook,
    contract.rotateWebhookSecret,
    contract.testWebhook,
    contract.listDeliveries,
    contract.replayDelivery,
  ],
  workers: [contract.deliverWebhooks, contract.sweepDeliveries],
  errors: Object.values(errors),
  limits: Object.values(limits),
  families: [keys.deliveryPartition, keys.dueDeliveries],
  keys: keys.webhookKeys,
  items: keys.items,
});

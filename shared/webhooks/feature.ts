import { defineFeature } from '../contract/feature.ts';
import { tenantPartition } from '../tenants/keys.ts';
import * as auditKinds from './audit.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as ids from './ids.ts';
import * as keys from './keys.ts';
import * as limits from './limits.ts';
import * as metrics from './metrics.ts';
import { deliveryQueue } from './queue.ts';
import * as settings from './settings.ts';

/** Webhooks: events are sent to servers of the tenant. */
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
  auditKinds: Object.values(auditKinds),
  limits: Object.values(limits),
  ids: Object.values(ids),
  families: [keys.deliveryPartition, keys.restingPartition, keys.dueDeliveries],
  keys: keys.webhookKeys,
  items: keys.items,
  settings: Object.values(settings),
  queues: [deliveryQueue],
  hearing: {
    table: [
      [tenantPartition, ['Query']],
      [keys.deliveryPartition, ['PutItem']],
    ],
    queues: [deliveryQueue],
  },
  metrics: [metrics.webhookAttempts, metrics.deliveryLatency, metrics.webhookDisabled],
});

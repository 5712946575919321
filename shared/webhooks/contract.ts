import * as z from 'zod/mini';
import type { BackgroundFunction } from '../contract/background.ts';
import { invalidCursor, notFound, versionConflict } from '../contract/core-errors.ts';
import { bearer, defineEndpoint } from '../contract/endpoint.ts';
import { maxUrl, pageOf, pageQuery, Timestamp, uniqueList } from '../contract/schemas.ts';
import { sealingKeySecret } from '../contract/secrets.ts';
import { limitPartition } from '../limits/keys.ts';
import { tenantPartition } from '../tenants/keys.ts';
import * as audits from './audit.ts';
import { tooManyWebhooks, webhookDisabled } from './errors.ts';
import { deliveryPartition, dueDeliveries, restingPartition } from './keys.ts';
import { webhookChangesPerTenant, webhooksPerTenant } from './limits.ts';
import { deliveryQueue } from './queue.ts';
import { DeliveryStatus, DisabledReason, WebhookId } from './schemas.ts';
import { eventTypes, webhookAllowPrivate } from './settings.ts';

const isPlain = (value: string) => value.isWellFormed() && !/\p{Cc}/u.test(value);
const Description = z
  .string()
  .check(z.trim(), z.maxLength(200), z.refine(isPlain, 'has control characters'));
/** The document lists those that the features have. */
const EventType = z.string().check(z.maxLength(64)).register(z.globalRegistry, { id: 'EventType' });
const EventTypes = uniqueList(EventType, 50);

const Url = z
  .string()
  .check(z.minLength(1), z.maxLength(maxUrl), z.refine(isPlain, 'has control characters'))
  .register(z.globalRegistry, { format: 'uri' });
const webhookPath = z.strictObject({ id: z.string().check(z.maxLength(64)) });

export const Webhook = z
  .strictObject({
    id: WebhookId,
    url: z.string(),
    events: z.array(z.string()),
    description: z.nullable(z.string()),
    enabled: z.boolean(),
    disabled_reason: z.nullable(DisabledReason),
    previous_secret_until: z.nullable(Timestamp),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .register(z.globalRegistry, { id: 'Webhook' });

export const Delivery = z
  .strictObject({
    id: z.string(),
    type: z.string(),
    status: DeliveryStatus,
    attempts: z.int(),
    created_at: Timestamp,
    last_attempt_at: z.nullable(Timestamp),
    next_attempt_at: z.nullable(Timestamp),
    response_status: z.nullable(z.int()),
    response_body: z.nullable(z.string()),
    error: z.nullable(z.string()),
  })
  .register(z.globalRegistry, { id: 'WebhookDelivery' });

const WithSecret = z
  .extend(Webhook, { secret: z.string() })
  .register(z.globalRegistry, { id: 'WebhookWithSecret' });
const managers = bearer(['owner', 'admin']);
const changes = [webhookChangesPerTenant] as const;
const deliver = {
  limits: [webhooksPerTenant] as const,
  queues: [deliveryQueue] as const,
};

export const createWebhook = defineEndpoint({
  id: 'webhooks/create',
  method: 'POST',
  paths: ['/api/v1/webhooks'],
  tag: 'webhooks',
  settings: [webhookAllowPrivate, eventTypes],
  summary: 'Create a webhook',
  description:
    'The secret that signs its deliveries is in this answer and never again. The address must be https, on port 443 or 8443, and public. It receives events within 30 seconds.',
  access: managers,
  body: z
    .strictObject({
      url: Url,
      events: EventTypes,
      description: z.optional(Description),
    })
    .register(z.globalRegistry, {
      example: { url: 'https://example.com/hook', events: ['tenant.updated'] },
    }),
  responses: { 201: { description: 'The webhook and its secret', schema: WithSecret } },
  errors: [tooManyWebhooks],
  limits: changes,
  audits: [audits.webhookCreated],
  table: [
    [tenantPartition, ['PutItem', 'UpdateItem']],
    [limitPartition, ['UpdateItem']],
  ],
  secrets: [sealingKeySecret],
});

export const listWebhooks = defineEndpoint({
  id: 'webhooks/list',
  method: 'GET',
  paths: ['/api/v1/webhooks'],
  tag: 'webhooks',
  summary: 'The webhooks of the tenant',
  description: 'All of them, newest first: a tenant has at most 20.',
  access: managers,
  responses: {
    200: { description: 'The webhooks', schema: z.strictObject({ items: z.array(Webhook) }) },
  },
  table: [[tenantPartition, ['Query']]],
});

export const getWebhook = defineEndpoint({
  id: 'webhooks/get',
  method: 'GET',
  paths: ['/api/v1/webhooks/{id}'],
  tag: 'webhooks',
  summary: 'A webhook',
  access: managers,
  path: webhookPath,
  responses: { 200: { description: 'The webhook', schema: Webhook } },
  errors: [notFound],
  table: [[tenantPartition, ['GetItem']]],
});

export const updateWebhook = defineEndpoint({
  id: 'webhooks/update',
  method: 'PATCH',
  paths: ['/api/v1/webhooks/{id}'],
  tag: 'webhooks',
  settings: [webhookAllowPrivate, eventTypes],
  summary: 'Change a webhook, switch it off or on',
  description:
    'Members that are absent stay unchanged. Events from while it was off are not delivered later; replay them.',
  access: managers,
  path: webhookPath,
  body: z
    .strictObject({
      url: z.optional(Url),
      events: z.optional(EventTypes),
      description: z.optional(z.nullable(Description)),
      enabled: z.optional(z.boolean()),
    })
    .check(
      z.refine((body) => Object.values(body).some((value) => value !== undefined), 'names nothing'),
    )
    .register(z.globalRegistry, { example: { enabled: false } }),
  responses: { 200: { description: 'The webhook after the change', schema: Webhook } },
  errors: [notFound, versionConflict],
  limits: changes,
  audits: [audits.webhookChanged],
  table: [
    [tenantPartition, ['GetItem', 'UpdateItem']],
    [limitPartition, ['UpdateItem']],
  ],
});

export const deleteWebhook = defineEndpoint({
  id: 'webhooks/delete',
  method: 'DELETE',
  paths: ['/api/v1/webhooks/{id}'],
  tag: 'webhooks',
  summary: 'Delete a webhook',
  description:
    'What it was sent is deleted too, within minutes; what was not delivered yet is dropped.',
  access: managers,
  path: webhookPath,
  responses: { 204: { description: 'Deleted' } },
  errors: [notFound],
  audits: [audits.webhookDeleted],
  table: [[tenantPartition, ['DeleteItem', 'UpdateItem']]],
  queues: [deliveryQueue],
});

export const rotateWebhookSecret = defineEndpoint({
  id: 'webhooks/rotate-secret',
  method: 'POST',
  paths: ['/api/v1/webhooks/{id}/rotate-secret'],
  tag: 'webhooks',
  summary: 'Give a webhook a new secret',
  description:
    'The new secret is in this answer and never again. For 24 hours deliveries carry two signatures, of the new secret and of the one before.',
  access: managers,
  path: webhookPath,
  responses: { 200: { description: 'The webhook and its new secret', schema: WithSecret } },
  errors: [notFound, versionConflict],
  limits: changes,
  audits: [audits.webhookSecretRotated],
  table: [
    [tenantPartition, ['GetItem', 'UpdateItem']],
    [limitPartition, ['UpdateItem']],
  ],
  secrets: [sealingKeySecret],
});

export const testWebhook = defineEndpoint({
  id: 'webhooks/test',
  method: 'POST',
  paths: ['/api/v1/webhooks/{id}/test'],
  tag: 'webhooks',
  summary: 'Send a webhook a test event',
  description: 'An event of type `webhook.test`, also when the webhook has not asked for it.',
  access: managers,
  path: webhookPath,
  responses: { 202: { description: 'The delivery that is on its way', schema: Delivery } },
  errors: [notFound, webhookDisabled],
  ...deliver,
  table: [
    [tenantPartition, ['GetItem']],
    [deliveryPartition, ['PutItem']],
    [limitPartition, ['UpdateItem']],
  ],
});

export const listDeliveries = defineEndpoint({
  id: 'webhooks/list-deliveries',
  method: 'GET',
  paths: ['/api/v1/webhooks/{id}/deliveries'],
  tag: 'webhooks',
  summary: 'What a webhook was sent, newest first',
  description: 'Deliveries are kept for 30 days, with at most 1 KB of what the receiver answered.',
  access: managers,
  path: webhookPath,
  query: z.strictObject({
    ...pageQuery(100),
  }),
  responses: {
    200: {
      description: 'A page',
      schema: pageOf(Delivery).register(z.globalRegistry, { id: 'WebhookDeliveryPage' }),
    },
  },
  errors: [notFound, invalidCursor],
  table: [
    [tenantPartition, ['GetItem']],
    [deliveryPartition, ['Query']],
  ],
  secrets: [sealingKeySecret],
});

export const replayDelivery = defineEndpoint({
  id: 'webhooks/replay-delivery',
  method: 'POST',
  paths: ['/api/v1/webhooks/{id}/deliveries/{delivery_id}/replay'],
  tag: 'webhooks',
  summary: 'Send a delivery again',
  description: 'At once, with the same `webhook-id` and body, and with all retries before it.',
  access: managers,
  path: z.strictObject({
    id: z.string().check(z.maxLength(64)),
    delivery_id: z.string().check(z.maxLength(64)),
  }),
  responses: { 202: { description: 'The delivery that is on its way', schema: Delivery } },
  errors: [notFound, webhookDisabled],
  ...deliver,
  table: [
    [tenantPartition, ['GetItem']],
    [deliveryPartition, ['UpdateItem']],
    [limitPartition, ['UpdateItem']],
  ],
});

export const deliverWebhooks: BackgroundFunction = {
  id: 'webhooks/deliver',
  settings: [webhookAllowPrivate],
  summary: 'Sends events to the webhooks of tenants',
  queue: deliveryQueue,
  queues: [deliveryQueue],
  audits: [audits.webhookSwitchedOff],
  table: [
    [tenantPartition, ['BatchGetItem', 'UpdateItem']],
    [deliveryPartition, ['BatchGetItem', 'Query', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']],
    [restingPartition, ['PutItem', 'Query', 'BatchWriteItem']],
  ],
  secrets: [sealingKeySecret],
  timeoutSeconds: 30,
  maxConcurrency: 50,
};

export const sweepDeliveries: BackgroundFunction = {
  id: 'webhooks/sweep',
  summary: 'Queues deliveries that are due and not queued',
  schedule: 'rate(5 minutes)',
  queues: [deliveryQueue],
  table: [
    [dueDeliveries, ['Query']],
    [deliveryPartition, ['UpdateItem']],
  ],
  timeoutSeconds: 60,
};

import {
  type ItemKind,
  type Key,
  type KeyFamily,
  part,
  tenantPattern,
  tenantPrefix,
} from '../table/family.ts';

export const deliveryPartition: KeyFamily = {
  name: 'deliveryPartition',
  pattern: `${tenantPattern}#DELIVERY#*`,
};
export const restingPartition: KeyFamily = {
  name: 'restingPartition',
  pattern: `${tenantPattern}#RESTING#*`,
};
export const dueDeliveries: KeyFamily = { name: 'dueDeliveries', pattern: 'DUE#*', isIndex: true };

const deliveriesOf = (tenantId: string, webhookId: string) =>
  `${tenantPrefix(tenantId)}#DELIVERY#${part(webhookId)}`;

const restingOf = (tenantId: string, webhookId: string) =>
  `${tenantPrefix(tenantId)}#RESTING#${part(webhookId)}`;

export const webhookKeys = {
  webhook: (tenantId: string, webhookId: string): Key => ({
    pk: tenantPrefix(tenantId),
    sk: `WEBHOOK#${part(webhookId)}`,
  }),
  /** Where all webhooks of a tenant are. */
  webhooksOf: (tenantId: string) => ({ pk: tenantPrefix(tenantId), prefix: 'WEBHOOK#' }),
  webhookCount: (tenantId: string): Key => ({ pk: tenantPrefix(tenantId), sk: 'WEBHOOKS' }),
  delivery: (tenantId: string, webhookId: string, messageId: string): Key => ({
    pk: deliveriesOf(tenantId, webhookId),
    sk: part(messageId),
  }),
  /** Where all deliveries to a webhook are. */
  deliveriesOf,
  restingDelivery: (tenantId: string, webhookId: string, messageId: string): Key => ({
    pk: restingOf(tenantId, webhookId),
    sk: part(messageId),
  }),
  /** Where the deliveries to a webhook are noted whose turn its open circuit has passed over. */
  restingOf,
  /** Partition of what a sweep finds when it is due, in the series index. */
  due: (queue: string, shard: number): string => `DUE#${part(queue)}#${part(String(shard))}`,
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  { what: 'webhook of a tenant', pk: 'TENANT#<tenant>', sk: 'WEBHOOK#<webhook>' },
  { what: 'number of webhooks', pk: 'TENANT#<tenant>', sk: 'WEBHOOKS' },
  {
    what: 'delivery to a webhook',
    pk: 'TENANT#<tenant>#DELIVERY#<webhook>',
    sk: '<message>',
    series: 'DUE#webhooks#<shard> / <check at>#<message>, while pending',
  },
  {
    what: 'delivery that waits for its receiver to answer again',
    pk: 'TENANT#<tenant>#RESTING#<webhook>',
    sk: '<message>',
  },
];

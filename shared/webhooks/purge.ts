import { getItems, queryPages, writeMany } from '../table/table.ts';
import { enqueuePurge } from './deliveries.ts';
import { webhookKeys } from './keys.ts';
import { deleteWebhook } from './webhooks.ts';

/** How long a deleted webhook may still be sent something: by attempts under way, by events just stored. */
const settlingSeconds = 60;

/** Deletes a webhook, and a little later everything that it was sent. Throws `not_found`. */
export async function deleteWithDeliveries(
  actor: { tenantId: string; userId: string },
  webhookId: string,
): Promise<void> {
  await deleteWebhook(actor, webhookId);
  await enqueuePurge({ tenant_id: actor.tenantId, webhook_id: webhookId }, settlingSeconds);
}

/**
 * Deletes what a deleted webhook was sent: receivers' answers are in it. Does nothing while the
 * webhook exists. What there is no time for is queued again.
 */
export async function purgeDeliveries(
  { tenant_id, webhook_id }: { tenant_id: string; webhook_id: string },
  { hasTime, pageSize = 500 }: { hasTime: () => boolean; pageSize?: number },
): Promise<void> {
  const [webhook] = await getItems([webhookKeys.webhook(tenant_id, webhook_id)] as const);
  if (webhook) return;
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': webhookKeys.deliveriesOf(tenant_id, webhook_id) },
    ProjectionExpression: 'pk, sk',
    Limit: pageSize,
  });
  for await (const { items, isLast } of pages) {
    await writeMany(items.map(({ pk, sk }) => ({ delete: { pk: String(pk), sk: String(sk) } })));
    if (!isLast && !hasTime()) return enqueuePurge({ tenant_id, webhook_id }, 0);
  }
}

import { changes } from '../table/changes.ts';
import { getItems, putItem, query, tryUpdate, writeMany } from '../table/table.ts';
import { endResume, isOpen, renewResume } from './circuit-breaker.ts';
import { dueKey, enqueue, enqueueResume, lostAfterMs } from './deliveries.ts';
import { DeliveryItem, WebhookItem } from './items.ts';
import { webhookKeys } from './keys.ts';
import type { ResumeMessage } from './queue.ts';

/** The error of a delivery whose turn went by because its webhook's circuit was open. */
export const postponed = 'webhook_resting';

/** Deliveries of a webhook that a round resumes, evenly spread until the next one begins. */
const maxPerRound = 300;
const roundSeconds = 5;
const atOnce = 10;

/** Longer than a delivery may be attempted. */
const noteSeconds = 5 * 86_400;

/** Notes that a delivery is postponed, where the run that resumes deliveries finds it. */
export async function notePostponed(
  { tenant_id, webhook_id, id }: DeliveryItem,
  nowMs: number,
): Promise<void> {
  const ttl = Math.ceil(nowMs / 1000) + noteSeconds;
  await putItem({ Item: { ...webhookKeys.restingDelivery(tenant_id, webhook_id, id), ttl } });
}

/**
 * Resumes one round of the deliveries postponed while a webhook's circuit was open, oldest first.
 * The next round is another message, until one finds nothing. A message that comes twice does
 * nothing the second time. While the circuit is open again, or the webhook is switched off, nothing
 * is brought forward: a later success starts over.
 */
export async function resumeDeliveries(
  message: ResumeMessage,
  { hasTime, perRound = maxPerRound }: { hasTime: () => boolean; perRound?: number },
): Promise<void> {
  const { tenant_id: tenantId, webhook_id: webhookId } = message;
  const [stored] = await getItems([webhookKeys.webhook(tenantId, webhookId)] as const);
  const webhook = stored && WebhookItem().parse(stored);
  if (webhook?.resuming_until_ms !== message.resume) return;
  if (!webhook.enabled || isOpen(webhook)) return endResume(tenantId, webhook, { isDone: false });

  const { Items = [] } = await query({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': webhookKeys.restingOf(tenantId, webhookId) },
    Limit: perRound,
    ConsistentRead: true,
  });
  if (Items.length === 0) return endResume(tenantId, webhook, { isDone: true });
  const ids = Items.map(({ sk }) => String(sk));
  const nowMs = Date.now();
  for (let index = 0; index < ids.length && hasTime(); index += atOnce) {
    const some = ids.slice(index, index + atOnce);
    const atMs = nowMs + (index / perRound) * roundSeconds * 1000;
    await Promise.all(some.map((id) => bringForward(tenantId, webhookId, id, atMs)));
    await writeMany(
      some.map((id) => ({ delete: webhookKeys.restingDelivery(tenantId, webhookId, id) })),
    );
  }
  const resume = await renewResume(tenantId, webhook, Date.now());
  if (resume !== undefined) await enqueueResume({ ...message, resume }, roundSeconds);
}

/** Makes a postponed delivery due at a moment, and gives back the turn that it did not use. */
async function bringForward(
  tenantId: string,
  webhookId: string,
  id: string,
  atMs: number,
): Promise<void> {
  const at = new Date(atMs).toISOString();
  const item = await tryUpdate({
    Key: webhookKeys.delivery(tenantId, webhookId, id),
    ...changes({
      set: { next_attempt_at: at, ...dueKey({ id }, atMs + lostAfterMs) },
      add: { round: -1 },
      remove: ['error'],
      if: [
        '#status = :pending AND #error = :postponed AND next_attempt_at > :at',
        { pending: 'pending', postponed, at },
      ],
    }),
    ReturnValues: 'ALL_NEW',
  });
  if (!item) return;
  await enqueue(DeliveryItem.parse(item), (atMs - Date.now()) / 1000);
}

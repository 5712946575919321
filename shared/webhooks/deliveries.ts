import type * as z from 'zod/mini';
import { invalidCursor, notFound } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { eventIds } from '../events/ids.ts';
import { openCursor, sealCursor } from '../runtime/cursors.ts';
import { newId } from '../runtime/ids.ts';
import { logger } from '../runtime/logger.ts';
import { maxDelaySeconds, send } from '../runtime/queues.ts';
import { changes } from '../table/changes.ts';
import { create, query, tryPut, tryUpdate } from '../table/table.ts';
import type { Delivery as DeliverySchema } from './contract.ts';
import { webhookDisabled } from './errors.ts';
import { DeliveryItem, type WebhookItem } from './items.ts';
import { webhookKeys } from './keys.ts';
import {
  type DeliveryMessage,
  deliveryQueue,
  type ResumeMessage,
  type WebhookNames,
} from './queue.ts';
import { readWebhook } from './webhooks.ts';

/** A delivery as the owner of its webhook sees it. */
export type Delivery = z.infer<typeof DeliverySchema>;

/** Deliveries are kept for 30 days from their event. */
const retentionMs = 30 * 86_400_000;
/** A queued delivery without an attempt after this time was lost: the sweep queues it again. */
export const lostAfterMs = 5 * 60_000;
/** The same for a replay, because a person waits for it. */
const replayLostAfterMs = 60_000;
/** Partitions of what is due, so that none is hot. */
export const dueShards = 8;
const maxBodyBytes = 200 * 1024;

/** The keys under which the sweep finds a delivery from a time on. */
export function dueKey({ id }: Pick<DeliveryItem, 'id'>, checkAtMs: number) {
  return {
    series_pk: webhookKeys.due('webhooks', id.charCodeAt(id.length - 1) % dueShards),
    series_sk: `${new Date(checkAtMs).toISOString()}#${id}`,
  };
}

export const keyOf = ({ tenant_id, webhook_id, id }: DeliveryItem) =>
  webhookKeys.delivery(tenant_id, webhook_id, id);

/** Queues a delivery that is stored. When that fails the sweep makes up for it. */
export async function enqueue(
  delivery: Pick<DeliveryItem, 'tenant_id' | 'webhook_id' | 'id'>,
  delaySeconds = 0,
): Promise<void> {
  const { tenant_id, webhook_id, id: delivery_id } = delivery;
  await sendOrLog({ tenant_id, webhook_id, delivery_id }, delaySeconds);
}

/** Queues the deletion of what a deleted webhook was sent. When that fails its time to live ends it. */
export async function enqueuePurge(names: WebhookNames, delaySeconds: number): Promise<void> {
  await sendOrLog({ ...names, purge: true }, delaySeconds);
}

/** Queues a round that resumes postponed deliveries. When that fails, the next success starts over. */
export async function enqueueResume(message: ResumeMessage, delaySeconds: number): Promise<void> {
  await sendOrLog(message, delaySeconds);
}

async function sendOrLog(message: DeliveryMessage, delaySeconds: number): Promise<void> {
  try {
    await send(deliveryQueue, message, { delaySeconds });
  } catch (error) {
    logger.warn('delivery_not_queued', {
      ...message,
      error_name: error instanceof Error ? error.name : 'unknown',
    });
  }
}

/** The delivery of an event to a webhook, and the write that stores it. */
export function deliveryOf(
  tenantId: string,
  webhookId: string,
  event: { id: string; type: string; data: Record<string, unknown>; occurredAtMs: number },
): { delivery: DeliveryItem; write: ReturnType<typeof create> } {
  const timestamp = new Date(event.occurredAtMs).toISOString();
  const body = JSON.stringify({ type: event.type, timestamp, data: event.data });
  if (Buffer.byteLength(body) > maxBodyBytes) throw new Error('The event is too large');
  const delivery: DeliveryItem = {
    id: event.id,
    tenant_id: tenantId,
    webhook_id: webhookId,
    type: event.type,
    body,
    status: 'pending',
    attempts: 0,
    round: 0,
    replays: 0,
    created_at: timestamp,
    next_attempt_at: timestamp,
  };
  const write = create({
    ...keyOf(delivery),
    ...dueKey(delivery, event.occurredAtMs + lostAfterMs),
    ...delivery,
    ttl: Math.ceil((event.occurredAtMs + retentionMs) / 1000),
  });
  return { delivery, write };
}

/** What the owner of a webhook sees of a delivery: never its body, which they have had. */
function toDelivery(item: DeliveryItem): Delivery {
  return {
    id: item.id,
    type: item.type,
    status: item.status,
    attempts: item.attempts,
    created_at: item.created_at,
    last_attempt_at: item.last_attempt_at ?? null,
    next_attempt_at: item.status === 'pending' ? (item.next_attempt_at ?? null) : null,
    response_status: item.response_status ?? null,
    response_body: item.response_body ?? null,
    error: item.error ?? null,
  };
}

/** One page of what a webhook was sent, newest first. Throws `not_found`, `invalid_cursor`. */
export async function listDeliveries(
  tenantId: string,
  webhookId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: Delivery[]; next_cursor: string | null }> {
  await readWebhook(tenantId, webhookId);
  const scope = { tenantId, list: 'deliveries', filters: { webhookId } };
  const after = cursor === undefined ? undefined : await openCursor(scope, cursor);
  if (after && typeof after.id !== 'string') throw new AppError(invalidCursor);
  const { Items = [] } = await query({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': webhookKeys.deliveriesOf(tenantId, webhookId) },
    ScanIndexForward: false,
    Limit: limit + 1,
    ...(after && {
      ExclusiveStartKey: webhookKeys.delivery(tenantId, webhookId, String(after.id)),
    }),
  });
  const found = Items.map((item) => DeliveryItem.parse(item));
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  const oldest = new Date(Date.now() - retentionMs).toISOString();
  return {
    items: page.filter(({ created_at }) => created_at > oldest).map(toDelivery),
    next_cursor: last ? await sealCursor(scope, { id: last.id }) : null,
  };
}

/** A webhook that is switched on. Throws `not_found`, `webhook_disabled`. */
async function enabledWebhook(tenantId: string, webhookId: string): Promise<WebhookItem> {
  const webhook = await readWebhook(tenantId, webhookId);
  if (!webhook.enabled) throw new AppError(webhookDisabled);
  return webhook;
}

/** Sends a webhook a test event. Throws `not_found`, `webhook_disabled`. */
export async function sendTestEvent(tenantId: string, webhookId: string): Promise<Delivery> {
  await enabledWebhook(tenantId, webhookId);
  const data = { webhook_id: webhookId };
  const event = { id: newId(eventIds), type: 'webhook.test', data, occurredAtMs: Date.now() };
  const { delivery, write } = deliveryOf(tenantId, webhookId, event);
  // No other delivery has its id: when it is there, an earlier try of this write had arrived.
  await tryPut(write.put);
  await enqueue(delivery);
  return toDelivery(delivery);
}

/**
 * Sends a delivery again at once: the same message, with all retries before it. Throws `not_found`,
 * `webhook_disabled`.
 */
export async function replayDelivery(
  tenantId: string,
  webhookId: string,
  deliveryId: string,
): Promise<Delivery> {
  await enabledWebhook(tenantId, webhookId);
  const missing = () => new AppError(notFound, { detail: 'This webhook has no such delivery.' });
  if (!/^msg_[0-9A-Z]{26}$/.test(deliveryId)) throw missing();
  const nowMs = Date.now();
  const now = new Date(nowMs).toISOString();
  const item = await tryUpdate({
    Key: webhookKeys.delivery(tenantId, webhookId, deliveryId),
    ...changes({
      set: {
        status: 'pending',
        round: 0,
        next_attempt_at: now,
        replayed_at: now,
        ...dueKey({ id: deliveryId }, nowMs + replayLostAfterMs),
      },
      add: { replays: 1 },
      remove: ['error'],
      if: 'attribute_exists(pk)',
    }),
    ReturnValues: 'ALL_NEW',
  });
  if (!item) throw missing();
  const delivery = DeliveryItem.parse(item);
  await enqueue(delivery);
  return toDelivery(delivery);
}

/** Keys for the sweep, and seconds in the queue if SQS holds it back that long, of a later attempt. */
export function planAttempt(delivery: DeliveryItem, nowMs: number, delaySeconds: number) {
  const atMs = nowMs + delaySeconds * 1000;
  const isQueued = delaySeconds <= maxDelaySeconds;
  return { atMs, isQueued, ...dueKey(delivery, isQueued ? atMs + lostAfterMs : atMs) };
}

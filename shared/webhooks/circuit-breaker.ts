import { type Changes, changes } from '../table/changes.ts';
import { tryUpdate } from '../table/table.ts';
import type { WebhookItem } from './items.ts';
import { webhookKeys } from './keys.ts';

/** Failed attempts in a row, of whatever deliveries, after which a webhook rests. */
const failureThreshold = 10;
/** A webhook that rests is tried once in this time. */
const openMs = 5 * 60_000;

/**
 * Whether a delivery to the webhook may be attempted now. While the webhook rests the first to ask
 * in five minutes may, and nobody else.
 */
export async function isClosed(
  tenantId: string,
  webhook: WebhookItem,
  nowMs: number,
): Promise<boolean> {
  const { failures = 0, failed_at_ms: failedAtMs = 0 } = webhook;
  if (failures < failureThreshold) return true;
  if (nowMs < failedAtMs + openMs) return false;
  return change(tenantId, webhook, {
    set: { failed_at_ms: nowMs },
    if: ['failed_at_ms = :seen', { seen: failedAtMs }],
  });
}

/** Counts an attempt that the receiver failed. One at a URL that the webhook has left counts nothing. */
export async function countFailure(
  tenantId: string,
  webhook: WebhookItem,
  nowMs: number,
): Promise<void> {
  await change(tenantId, webhook, {
    set: { failed_at_ms: nowMs },
    add: { failures: 1 },
    if: ['#url = :url', { url: webhook.url }],
  });
}

/** Forgets the failures before a success. Costs nothing where there were none. */
export async function forgetFailures(tenantId: string, webhook: WebhookItem): Promise<void> {
  if (!webhook.failures) return;
  await change(tenantId, webhook, {
    remove: ['failures', 'failed_at_ms'],
    if: ['#url = :url', { url: webhook.url }],
  });
}

/** Changes a webhook. False when the condition fails, as it does for one that was deleted. */
async function change(tenantId: string, { id }: WebhookItem, change: Changes): Promise<boolean> {
  const changed = await tryUpdate({ Key: webhookKeys.webhook(tenantId, id), ...changes(change) });
  return changed !== undefined;
}

import { type Changes, changes } from '../table/changes.ts';
import { tryUpdate } from '../table/table.ts';
import type { WebhookItem } from './items.ts';
import { webhookKeys } from './keys.ts';

/** Failed attempts in a row, over all deliveries, that open the circuit of a webhook. */
const failureThreshold = 10;
/** A webhook whose circuit is open is tried once in this time. */
const openMs = 5 * 60_000;
/** A run that resumes deliveries and has not renewed its lease within this time has died. */
const resumeLeaseMs = 60_000;

/** Whether the failures of a webhook in a row have opened its circuit. */
export const isOpen = ({ failures = 0 }: WebhookItem): boolean => failures >= failureThreshold;

/**
 * Whether a delivery to the webhook may be attempted now. While the circuit is open the first to ask
 * in five minutes may, and no other.
 */
export async function isClosed(
  tenantId: string,
  webhook: WebhookItem,
  nowMs: number,
): Promise<boolean> {
  const { failed_at_ms: failedAtMs = 0 } = webhook;
  if (!isOpen(webhook)) return true;
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

/**
 * Closes the circuit after a success. Costs nothing where no failure was before it. Returns the run
 * that resumes postponed deliveries, when this success is the one to start it.
 */
export async function closeCircuit(
  tenantId: string,
  webhook: WebhookItem,
  nowMs: number,
): Promise<number | undefined> {
  const { failures = 0, resuming_until_ms: seen = Number.POSITIVE_INFINITY } = webhook;
  const isRunDue = seen <= nowMs || (isOpen(webhook) && webhook.resuming_until_ms === undefined);
  if (failures === 0 && !isRunDue) return undefined;
  const remove = ['failures', 'failed_at_ms'];
  if (!isRunDue) {
    await change(tenantId, webhook, { remove, if: ['#url = :url', { url: webhook.url }] });
    return undefined;
  }
  const run = nowMs + resumeLeaseMs;
  const isStarted = await change(tenantId, webhook, {
    set: { resuming_until_ms: run },
    remove,
    if: [
      '#url = :url AND (attribute_not_exists(resuming_until_ms) OR resuming_until_ms = :seen)',
      { url: webhook.url, seen: webhook.resuming_until_ms ?? 0 },
    ],
  });
  return isStarted ? run : undefined;
}

/**
 * Renews the lease of a run that resumes deliveries. Returns its new name, or undefined when
 * the run is no longer the webhook's.
 */
export async function renewResume(
  tenantId: string,
  webhook: WebhookItem,
  nowMs: number,
): Promise<number | undefined> {
  // A name is never used twice, even if the clock goes back.
  const run = Math.max(nowMs + resumeLeaseMs, (webhook.resuming_until_ms ?? 0) + 1);
  const isRenewed = await change(tenantId, webhook, {
    set: { resuming_until_ms: run },
    if: sameRun(webhook),
  });
  return isRenewed ? run : undefined;
}

/** Ends a run: for good when everything was brought forward, else the next success starts another. */
export async function endResume(
  tenantId: string,
  webhook: WebhookItem,
  { isDone }: { isDone: boolean },
): Promise<void> {
  await change(tenantId, webhook, {
    ...(isDone ? { remove: ['resuming_until_ms'] } : { set: { resuming_until_ms: 0 } }),
    if: sameRun(webhook),
  });
}

const sameRun = ({ resuming_until_ms: run }: WebhookItem) =>
  ['resuming_until_ms = :run', { run }] as const;

/** Changes a webhook. False when the condition fails, as it does for one that was deleted. */
async function change(tenantId: string, { id }: WebhookItem, change: Changes): Promise<boolean> {
  const changed = await tryUpdate({ Key: webhookKeys.webhook(tenantId, id), ...changes(change) });
  return changed !== undefined;
}

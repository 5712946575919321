import { Webhook as Signer } from 'standardwebhooks';
import { retryAfterMs } from '../http/retry-after.ts';
import { logger } from '../runtime/logger.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { changes } from '../table/changes.ts';
import { deleteItem, getItems, tryUpdate } from '../table/table.ts';
import { TenantItem } from '../tenants/items.ts';
import { tenantKeys } from '../tenants/keys.ts';
import { version } from '../version.ts';
import { closeCircuit, countFailure, isClosed } from './circuit-breaker.ts';
import { enqueue, enqueueResume, planAttempt } from './deliveries.ts';
import { DeliveryItem, WebhookItem } from './items.ts';
import { webhookKeys } from './keys.ts';
import { deliveryLatency, webhookAttempts } from './metrics.ts';
import { ConnectionError, postOut, type ReceiverAnswer } from './outbound.ts';
import { parseReceiverUrl, RefusedAddressError } from './public-addresses.ts';
import type { AttemptMessage } from './queue.ts';
import { notePostponed, postponed } from './resume.ts';
import { openWebhookSecret, UnreadableSecretError } from './secrets.ts';
import { allowsPrivate, disableWebhook } from './webhooks.ts';

const timeoutMs = 15_000;
/** Longer than an attempt may take: after it, the worker that claimed it has died. */
const claimMs = 30_000;
const maxAnswerBytes = 1024;
/** A queue may show a message a little before its time by our clock. */
const earlyMs = 2_000;

/** Waits before each retry, in seconds: ten attempts in three days. Jitter comes on top. */
export const retryDelays = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
const maxAttempts = retryDelays.length + 1;
const maxRetryAfterSeconds = 86_400;
/** The last attempt is no later than this after the event or its replay, even if a receiver asks for it. */
const maxAgeMs = 4 * 86_400_000;
/** A wait is up to this much shorter or longer, so that what failed together does not return together. */
const jitter = 0.2;

interface Outcome {
  readonly answer?: ReceiverAnswer;
  /** Why there is no answer: never what a stranger's server said. */
  readonly error?: ConnectionError['reason'] | 'secret_unreadable' | 'internal_error';
  /** What we failed at ourselves. */
  readonly cause?: unknown;
}

/**
 * Makes the next attempt of a delivery, if it is due and no other worker makes it. Resolves for every
 * answer of the receiver. Throws on a failure of ours; the attempt counts all the same, so that a
 * delivery that always fails comes to an end.
 */
export async function attemptDelivery(message: AttemptMessage): Promise<void> {
  const { tenant_id: tenantId, webhook_id: webhookId, delivery_id: deliveryId } = message;
  const key = webhookKeys.delivery(tenantId, webhookId, deliveryId);
  const [storedWebhook, stored, tenant] = await getItems([
    webhookKeys.webhook(tenantId, webhookId),
    key,
    tenantKeys.tenant(tenantId),
  ] as const);
  if (!stored) return;
  if (!storedWebhook) return deleteItem({ Key: key });
  const webhook = WebhookItem().parse(storedWebhook);
  const seen = DeliveryItem.parse(stored);
  const nowMs = Date.now();
  const isDue = Date.parse(seen.next_attempt_at ?? seen.created_at) <= nowMs + earlyMs;
  const isClaimed = (seen.claimed_until_ms ?? 0) > nowMs;
  if (seen.status !== 'pending' || !isDue || isClaimed) return;
  const end = !webhook.enabled ? 'webhook_disabled' : seen.round >= maxAttempts && 'internal_error';
  if (end) return void (await finish(seen, { status: 'failed', error: end }));
  if (tenant && TenantItem.parse(tenant).status === 'SUSPENDED') {
    if (!isLast(seen, nowMs)) return postpone(seen, nowMs);
    return void (await finish(seen, { status: 'failed', error: 'tenant_suspended' }));
  }
  if (canWait(seen, nowMs) && !(await isClosed(tenantId, webhook, nowMs)))
    return postpone(seen, nowMs);
  const delivery = await claim(seen, nowMs);
  if (!delivery) return;

  const startedAt = performance.now();
  const outcome = await sendOnce(webhook, delivery);
  const durationMs = Math.round(performance.now() - startedAt);
  recordMetric(webhookAttempts, 1, { outcome: wordFor(outcome) });
  recordMetric(deliveryLatency, durationMs);
  logger.info('delivery_attempt', {
    tenant_id: tenantId,
    webhook_id: webhookId,
    delivery_id: deliveryId,
    attempt: delivery.attempts,
    status: outcome.answer?.status,
    error: outcome.error,
    duration_ms: durationMs,
  });
  await settle(webhook, delivery, outcome);
  if (outcome.answer && isSuccess(outcome.answer.status)) await noteSuccess(tenantId, webhook);
  else if (isReceivers(outcome)) await countFailure(tenantId, webhook, Date.now());
  if (outcome.error === 'internal_error') throw outcome.cause;
}

const isSuccess = (status: number) => status >= 200 && status < 300;

const wordFor = ({ answer, error }: Outcome) =>
  error ?? (answer && isSuccess(answer.status) ? 'delivered' : 'refused');

/** Whether an outcome is the doing of the receiver, and not of ours. */
const isReceivers = ({ error }: Outcome) =>
  error !== 'internal_error' && error !== 'secret_unreadable';

/** Whether a delivery may skip this attempt: it was not asked for by hand, and it is not the last. */
function canWait(delivery: DeliveryItem, nowMs: number): boolean {
  const isAskedFor = delivery.type === 'webhook.test' || delivery.replays > 0;
  const isFirst = delivery.round === 0;
  return !isLast(delivery, nowMs) && !(isFirst && isAskedFor);
}

const isLast = (delivery: DeliveryItem, nowMs: number): boolean =>
  delivery.round + 1 >= maxAttempts || secondsLeft(delivery, nowMs) <= 0;

/** Closes the circuit, and resumes postponed deliveries when it was open. */
async function noteSuccess(tenantId: string, webhook: WebhookItem): Promise<void> {
  const resume = await closeCircuit(tenantId, webhook, Date.now());
  if (resume !== undefined)
    await enqueueResume({ tenant_id: tenantId, webhook_id: webhook.id, resume }, 0);
}

/** Skips an attempt that would most likely fail like those before it. */
async function postpone(seen: DeliveryItem, nowMs: number): Promise<void> {
  const delivery = { ...seen, round: seen.round + 1 };
  // Before the delivery itself: a note without a postponed delivery is harmless.
  await notePostponed(seen, nowMs);
  await schedule(delivery, { round: delivery.round, error: postponed }, nowMs);
}

/** Claims the attempt. Undefined when another worker has it. */
async function claim(seen: DeliveryItem, nowMs: number): Promise<DeliveryItem | undefined> {
  const item = await tryUpdate({
    Key: webhookKeys.delivery(seen.tenant_id, seen.webhook_id, seen.id),
    ...changes({
      set: { claimed_until_ms: nowMs + claimMs, last_attempt_at: new Date(nowMs).toISOString() },
      add: { attempts: 1, round: 1 },
      if: [
        '#status = :pending AND attempts = :seen AND (attribute_not_exists(claimed_until_ms) OR claimed_until_ms <= :now)',
        { pending: 'pending', seen: seen.attempts, now: nowMs },
      ],
    }),
    ReturnValues: 'ALL_NEW',
  });
  return item && DeliveryItem.parse(item);
}

async function sendOnce(webhook: WebhookItem, delivery: DeliveryItem): Promise<Outcome> {
  try {
    const rules = { allowPrivate: allowsPrivate() };
    const answer = await postOut({
      ...rules,
      // Nothing that was stored before a rule was made is exempt from it. Its addresses are
      // resolved when it connects.
      url: await parseReceiverUrl(webhook.url, { ...rules, resolve: async () => [] }),
      headers: {
        'content-type': 'application/json',
        'user-agent': `Tenantry-Webhooks/${version}`,
        ...(await signatureHeaders(webhook, delivery, Date.now())),
      },
      body: delivery.body,
      timeoutMs,
      maxBodyBytes: maxAnswerBytes,
    });
    return { answer };
  } catch (error) {
    if (error instanceof ConnectionError) return { error: error.reason };
    if (error instanceof RefusedAddressError) return { error: 'address_refused' };
    if (error instanceof UnreadableSecretError) return { error: 'secret_unreadable' };
    return { error: 'internal_error', cause: error };
  }
}

/**
 * The headers of Standard Webhooks. While a secret rotates there are two signatures, the new one
 * first. Throws UnreadableSecretError when the current secret does not open; without the
 * previous one, deliveries continue.
 */
export async function signatureHeaders(
  webhook: Pick<WebhookItem, 'secret' | 'previous_secret' | 'previous_until'>,
  delivery: Pick<DeliveryItem, 'id' | 'tenant_id' | 'webhook_id' | 'body'>,
  nowMs: number,
): Promise<Record<string, string>> {
  const { secret, previous_secret: previous, previous_until: until } = webhook;
  const isRotating = previous && until && Date.parse(until) > nowMs;
  const open = (sealed: string) =>
    openWebhookSecret(delivery.tenant_id, delivery.webhook_id, sealed);
  const secrets = [await open(secret)];
  if (isRotating) {
    const opened = await open(previous).catch((error: unknown) => {
      if (!(error instanceof UnreadableSecretError)) throw error;
      logger.warn('previous_secret_unreadable', { webhook_id: delivery.webhook_id });
    });
    if (opened) secrets.push(opened);
  }
  const now = new Date(nowMs);
  return {
    'webhook-id': delivery.id,
    'webhook-timestamp': String(Math.floor(nowMs / 1000)),
    'webhook-signature': secrets
      .map((one) => new Signer(one).sign(delivery.id, now, delivery.body))
      .join(' '),
  };
}

/**
 * Stores the outcome of an attempt and what follows from it. Nothing follows when the delivery was
 * replayed during the attempt: then the replay is next, at once.
 */
async function settle(
  webhook: WebhookItem,
  delivery: DeliveryItem,
  outcome: Outcome,
): Promise<void> {
  const { answer, error } = outcome;
  const result = {
    response_status: answer?.status,
    response_body: answer?.body.replaceAll('\0', ''),
    error,
  };
  const nowMs = Date.now();
  const isLast = delivery.round >= maxAttempts || secondsLeft(delivery, nowMs) <= 0;
  const end = endOf(outcome, isLast);
  if (!end) {
    const askedSeconds = (retryAfterMs(answer?.retryAfter, nowMs) ?? 0) / 1000;
    const asked = Math.min(askedSeconds, maxRetryAfterSeconds);
    if (!(await schedule(delivery, result, nowMs, asked))) await yieldToReplay(delivery, result);
    return;
  }
  const { disables, ...how } = end;
  if (!(await finish(delivery, { ...result, ...how }))) return yieldToReplay(delivery, result);
  if (disables) await disableWebhook(delivery.tenant_id, webhook, disables);
}

/** How long a delivery may still be attempted. */
const secondsLeft = ({ replayed_at, created_at }: DeliveryItem, nowMs: number) =>
  (Date.parse(replayed_at ?? created_at) + maxAgeMs - nowMs) / 1000;

/** Writes when the next attempt is due, and queues it. False when the delivery has moved on. */
async function schedule(
  delivery: DeliveryItem,
  attributes: Record<string, unknown>,
  nowMs: number,
  atLeastSeconds = 0,
): Promise<boolean> {
  const wait = retryDelays[delivery.round - 1] ?? 0;
  const varied = wait * (1 - jitter + 2 * jitter * Math.random());
  const delaySeconds = Math.min(Math.max(varied, atLeastSeconds), secondsLeft(delivery, nowMs));
  const { atMs, isQueued, ...due } = planAttempt(delivery, nowMs, delaySeconds);
  const next = new Date(atMs).toISOString();
  const isWritten = await write(delivery, { ...attributes, ...due, next_attempt_at: next });
  if (isWritten && isQueued) await enqueue(delivery, delaySeconds);
  return isWritten;
}

interface End {
  readonly status: 'delivered' | 'failed';
  readonly error?: string;
  /** Why its webhook is switched off with it. */
  readonly disables?: 'gone' | 'failing';
}

/** How a delivery ends with an attempt. Undefined when it does not. */
function endOf({ answer, error }: Outcome, isLast: boolean): End | undefined {
  if (answer && isSuccess(answer.status)) return { status: 'delivered' };
  if (answer?.status === 410) return { status: 'failed', error: 'gone', disables: 'gone' };
  if (!isLast) return undefined;
  // What we failed at ourselves is no reason to switch off anything.
  if (error === 'internal_error') return { status: 'failed' };
  return { status: 'failed', disables: 'failing' };
}

/** Gives up the claim of an attempt for a replay, whose own message may have come while we held it. */
async function yieldToReplay(
  delivery: DeliveryItem,
  result: Record<string, unknown>,
): Promise<void> {
  if (await write(delivery, result, 'attempts = :attempts AND replays <> :replays'))
    await enqueue(delivery);
}

/** Ends a delivery: no sweep finds it any more. False when it has moved on. */
async function finish(
  delivery: DeliveryItem,
  result: Record<string, unknown> & { status: 'delivered' | 'failed' },
): Promise<boolean> {
  return write(delivery, { ...result, series_pk: undefined, series_sk: undefined });
}

const isAsSeen = 'attempts = :attempts AND (replays = :replays OR attribute_not_exists(replays))';

/** Writes attributes, and removes those that are undefined. False when the delivery has moved on. */
async function write(
  { tenant_id, webhook_id, id, attempts, replays }: DeliveryItem,
  attributes: Record<string, unknown>,
  condition = isAsSeen,
): Promise<boolean> {
  const set = { claimed_until_ms: undefined, ...attributes };
  const remove = Object.entries(set).flatMap(([name, value]) => (value === undefined ? name : []));
  const written = await tryUpdate({
    Key: webhookKeys.delivery(tenant_id, webhook_id, id),
    ...changes({ set, remove, if: [condition, { attempts, replays }] }),
  });
  return written !== undefined;
}

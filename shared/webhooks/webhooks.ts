import type * as z from 'zod/mini';
import { auditEntry } from '../audit/entry.ts';
import type { AuditKind } from '../contract/audit.ts';
import { notFound, validationFailed, versionConflict } from '../contract/core-errors.ts';
import { AppError, assertKnown } from '../contract/errors.ts';
import { maxUrl } from '../contract/schemas.ts';
import { enforceLimit } from '../limits/limits.ts';
import { requireEnvList, requireEnvOneOf } from '../runtime/config.ts';
import { newId } from '../runtime/ids.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { type Changes, changes, when } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import { create, getItem, query, transact, type Write } from '../table/table.ts';
import * as audits from './audit.ts';
import type { Webhook as WebhookSchema } from './contract.ts';
import { tooManyWebhooks } from './errors.ts';
import { webhookIds } from './ids.ts';
import { WebhookItem } from './items.ts';
import { webhookKeys } from './keys.ts';
import { webhookChangesPerTenant } from './limits.ts';
import { webhookDisabled } from './metrics.ts';
import { parseReceiverUrl, RefusedAddressError } from './public-addresses.ts';
import { newWebhookSecret, sealWebhookSecret } from './secrets.ts';

/** A webhook as its owner sees it. */
export type Webhook = z.infer<typeof WebhookSchema>;

const maxWebhooks = 20;
/** How long deliveries carry a signature of the previous secret too. */
const rotationMs = 24 * 3_600_000;

/** Whether private addresses, http and any port are fine. Read when first needed: most functions have no say in it. */
export const allowsPrivate = () =>
  requireEnvOneOf('WEBHOOK_ALLOW_PRIVATE', ['true', 'false']) === 'true';

/** Who does something to a webhook of their tenant. */
interface Actor {
  readonly tenantId: string;
  readonly userId: string;
}

/** What tells who did what to a webhook: never its URL, which may have a key in it. */
const auditOf = (
  { tenantId, userId }: Actor,
  kind: AuditKind,
  webhookId: string,
  data: Record<string, string[]> = {},
): Promise<Write[]> =>
  auditEntry(tenantId, kind, { actor: { kind: 'user', id: userId }, subject: webhookId, data });

function assertEventTypes(types: readonly string[]): void {
  assertKnown(types, requireEnvList('EVENT_TYPES'), '/events', 'is not an event');
}

/** Creates a webhook. The answer alone has the secret. Throws `too_many_webhooks` at 20, `validation_failed`. */
export async function createWebhook(
  actor: Actor,
  wanted: { url: string; events: string[]; description?: string | undefined },
): Promise<Webhook & { secret: string }> {
  const { tenantId } = actor;
  assertEventTypes(wanted.events);
  const url = await receiverUrl(wanted.url);
  const now = new Date().toISOString();
  const secret = newWebhookSecret();
  const id = newId(webhookIds);
  const webhook: WebhookItem = {
    id,
    url,
    events: wanted.events,
    ...(wanted.description && { description: wanted.description }),
    enabled: true,
    secret: await sealWebhookSecret(tenantId, id, secret),
    created_at: now,
    updated_at: now,
  };
  const failed = await transact([
    create({ ...webhookKeys.webhook(tenantId, id), ...webhook }),
    {
      update: {
        Key: webhookKeys.webhookCount(tenantId),
        ...changes({
          add: { count: 1 },
          if: ['attribute_not_exists(#count) OR #count < :max', { max: maxWebhooks }],
        }),
      },
    },
    ...(await auditOf(actor, audits.webhookCreated, id, { events: wanted.events })),
  ]);
  if (failed) throw new AppError(tooManyWebhooks);
  return { ...toWebhook(webhook), secret };
}

/** The URL of a receiver as it will be requested. Throws `validation_failed`. */
async function receiverUrl(text: string): Promise<string> {
  try {
    const { href } = await parseReceiverUrl(text, { allowPrivate: allowsPrivate() });
    if (href.length > maxUrl) throw new RefusedAddressError('is too long once it is encoded');
    return href;
  } catch (error) {
    if (!(error instanceof RefusedAddressError)) throw error;
    throw new AppError(validationFailed, {
      errors: [{ in: 'body', pointer: '/url', detail: error.message }],
    });
  }
}

function toWebhook(item: WebhookItem): Webhook {
  const { id, url, events, enabled, created_at, updated_at, previous_until: until } = item;
  return {
    id,
    url,
    events,
    description: item.description ?? null,
    enabled,
    disabled_reason: item.disabled_reason ?? null,
    previous_secret_until: until && until > new Date().toISOString() ? until : null,
    created_at,
    updated_at,
  };
}

/** The stored webhooks of the tenant, newest first. */
export async function readWebhooks(
  tenantId: string,
  options: { consistent: boolean },
): Promise<WebhookItem[]> {
  const { pk, prefix } = webhookKeys.webhooksOf(tenantId);
  const { Items = [] } = await query({
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
    ExpressionAttributeValues: { ':pk': pk, ':sk': prefix },
    ScanIndexForward: false,
    ConsistentRead: options.consistent,
  });
  return Items.map((item) => WebhookItem().parse(item));
}

/** The webhooks of the tenant, newest first. */
export async function listWebhooks(tenantId: string): Promise<Webhook[]> {
  return (await readWebhooks(tenantId, { consistent: true })).map(toWebhook);
}

const unknownWebhook = () => new AppError(notFound, { detail: 'This tenant has no such webhook.' });
const isWebhookId = (value: string) => /^whk_[0-9A-Z]{26}$/.test(value);

/** A stored webhook. Throws `not_found`. */
export async function readWebhook(tenantId: string, webhookId: string): Promise<WebhookItem> {
  const item = isWebhookId(webhookId)
    ? await getItem(webhookKeys.webhook(tenantId, webhookId))
    : undefined;
  if (!item) throw unknownWebhook();
  return WebhookItem().parse(item);
}

/** A webhook of the tenant. Throws `not_found`. */
export async function getWebhook(tenantId: string, webhookId: string): Promise<Webhook> {
  return toWebhook(await readWebhook(tenantId, webhookId));
}

/**
 * Changes the given members and returns the new state. It is read beside the count of the change.
 * Throws `not_found`, `validation_failed`, `rate_limited`, `version_conflict`.
 */
export async function updateWebhook(
  actor: Actor,
  webhookId: string,
  change: {
    url?: string | undefined;
    events?: string[] | undefined;
    description?: string | null | undefined;
    enabled?: boolean | undefined;
  },
): Promise<Webhook> {
  const { tenantId } = actor;
  const [read, counted] = await Promise.allSettled([
    readWebhook(tenantId, webhookId),
    enforceLimit(webhookChangesPerTenant, tenantId),
  ]);
  if (counted.status === 'rejected') throw counted.reason;
  if (read.status === 'rejected') throw read.reason;
  let stored: WebhookItem | undefined = read.value;
  assertEventTypes(change.events ?? []);
  const url = change.url === undefined ? undefined : await receiverUrl(change.url);
  const { enabled } = change;
  const reason = enabled === undefined ? undefined : enabled ? null : 'by_hand';
  const changed = Object.entries(change).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  return retryConflicts(async () => {
    const current = stored ?? (await readWebhook(tenantId, webhookId));
    stored = undefined;
    const { webhook, write } = withAttributes(
      tenantId,
      current,
      {
        ...change,
        url,
        disabled_reason: reason,
        // The first success from now on resumes postponed deliveries.
        ...((url || enabled) && { failures: null, failed_at_ms: null, resuming_until_ms: 0 }),
      },
      ['updated_at = :read', { read: current.updated_at }],
    );
    const audit = await auditOf(actor, audits.webhookChanged, webhookId, { changed });
    return (await transact([write, ...audit])) ? undefined : toWebhook(webhook);
  });
}

/**
 * A webhook with other attributes, and the write that gives it them. Those that are null are removed,
 * those that are undefined stay.
 */
function withAttributes(
  tenantId: string,
  stored: WebhookItem,
  attributes: Record<string, unknown>,
  condition: NonNullable<Changes['if']>,
): { webhook: WebhookItem; write: Write } {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const set = {
    ...Object.fromEntries(given.filter(([, value]) => value !== null)),
    updated_at: new Date().toISOString(),
  };
  const remove = given.flatMap(([name, value]) => (value === null ? [name] : []));
  const kept = Object.entries(stored).filter(([name]) => !remove.includes(name));
  return {
    webhook: WebhookItem().parse({ ...Object.fromEntries(kept), ...set }),
    write: {
      update: {
        Key: webhookKeys.webhook(tenantId, stored.id),
        ...changes({ set, remove, if: condition }),
      },
    },
  };
}

/** Deletes a webhook of the tenant. Throws `not_found`. */
export async function deleteWebhook(actor: Actor, webhookId: string): Promise<void> {
  const { tenantId } = actor;
  if (!isWebhookId(webhookId)) throw unknownWebhook();
  const failed = await transact([
    {
      delete: {
        Key: webhookKeys.webhook(tenantId, webhookId),
        ...when('attribute_exists(pk)'),
      },
    },
    {
      update: {
        Key: webhookKeys.webhookCount(tenantId),
        ...changes({ add: { count: -1 } }),
      },
    },
    ...(await auditOf(actor, audits.webhookDeleted, webhookId)),
  ]);
  if (failed) throw unknownWebhook();
}

/**
 * Gives a webhook a new secret; the one before signs along for 24 hours. Throws `not_found`, and
 * `version_conflict` when another rotation came between.
 */
export async function rotateSecret(
  actor: Actor,
  webhookId: string,
): Promise<Webhook & { secret: string }> {
  const { tenantId } = actor;
  const [stored, audit] = await Promise.all([
    readWebhook(tenantId, webhookId),
    auditOf(actor, audits.webhookSecretRotated, webhookId),
  ]);
  const { secret: previous } = stored;
  const secret = newWebhookSecret();
  const { webhook, write } = withAttributes(
    tenantId,
    stored,
    {
      secret: await sealWebhookSecret(tenantId, webhookId, secret),
      previous_secret: previous,
      previous_until: new Date(Date.now() + rotationMs).toISOString(),
    },
    ['#secret = :read', { read: previous }],
  );
  if (await transact([write, ...audit])) throw new AppError(versionConflict);
  return { ...toWebhook(webhook), secret };
}

/**
 * Switches a webhook off because of what its receiver at a URL does. Does nothing when it is gone,
 * already off, or has another URL by now.
 */
export async function disableWebhook(
  tenantId: string,
  { id: webhookId, url }: Pick<WebhookItem, 'id' | 'url'>,
  reason: 'gone' | 'failing',
): Promise<void> {
  const failed = await transact([
    {
      update: {
        Key: webhookKeys.webhook(tenantId, webhookId),
        ...changes({
          set: { enabled: false, disabled_reason: reason, updated_at: new Date().toISOString() },
          if: ['enabled = :on AND #url = :url', { on: true, url }],
        }),
      },
    },
    ...(await auditEntry(tenantId, audits.webhookSwitchedOff, {
      actor: { kind: 'system', id: 'webhooks' },
      subject: webhookId,
      data: { reason },
    })),
  ]);
  if (failed) return;
  recordMetric(webhookDisabled, 1);
}

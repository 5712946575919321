import { randomUUID } from 'node:crypto';
import type { Language } from '../contract/mails.ts';
import { type Member, readMembers } from '../identity/members.ts';
import { optionalEnv, requireEnv } from '../runtime/config.ts';
import { logger } from '../runtime/logger.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { once } from '../runtime/once.ts';
import { maxDelaySeconds } from '../runtime/queues.ts';
import { changes } from '../table/changes.ts';
import { getItem, tryUpdate } from '../table/table.ts';
import { TenantItem } from '../tenants/items.ts';
import { tenantKeys } from '../tenants/keys.ts';
import { isSuppressed } from './addresses.ts';
import { MailItem } from './items.ts';
import { operator, outboxKey } from './keys.ts';
import { type SentKind, sentKinds } from './kinds.ts';
import { mails } from './metrics.ts';
import { dueKey, type MailNames } from './outbox.ts';
import { queueMail } from './queue-mail.ts';
import { renderMail } from './render.ts';
import { sendBySes } from './ses.ts';

/** Longer than the function may run: an attempt that outlives its claim has ended. */
const claimMs = 60_000;
/** The last attempt comes some 8 hours after the first. */
const maxAttempts = 10;
const firstPauseMs = 60_000;
const longestPauseMs = 4 * 3_600_000;

const from = optionalEnv('MAIL_FROM');

/** Says once, when a function starts, that there will be no mail. */
const sayOff = once(() => {
  logger.warn('mail_is_off', { reason: 'The parameter MailFrom is empty' });
  return true;
});

/**
 * Sends a mail of the outbox to each of its addressees, in their language. A message that comes again sends
 * nothing again: one attempt at a time claims the mail, and each addressee is marked when SES has taken
 * theirs. Only who stops between the two, or gets no answer from SES, makes the next attempt send that
 * addressee a second copy, a minute later at the earliest. What SES does not take is tried
 * again for some hours.
 */
export async function sendQueued(names: MailNames): Promise<void> {
  const mail = await claim(names);
  if (!mail) return;
  if (!from) {
    sayOff();
    recordMetric(mails, 1, { outcome: 'off' });
    return end(mail, 'off');
  }
  const sent = sentKinds.find(({ kind }) => kind.id === mail.kind);
  if (!sent || (await sent.isVoid?.(mail.tenant_id, mail.params))) return end(mail, 'dropped');

  let current = mail;
  const tenant = await tenantOf(mail.tenant_id);
  for (const member of await addresseesOf(mail)) {
    if (current.done.includes(member.userId)) continue;
    const outcome = await sendTo(member, sent, mail, tenant);
    if (outcome === 'retried') return postpone(current);
    recordMetric(mails, 1, { outcome });
    const done = [...current.done, member.userId];
    if (!(await change(current, { set: { done } }))) return;
    current = { ...current, done };
  }
  await end(current, 'sent');
}

/** Undefined when the mail has been sent or is being sent, or does not exist. */
async function claim({ tenant_id, mail_id }: MailNames): Promise<MailItem | undefined> {
  const nowMs = Date.now();
  const item = await tryUpdate({
    Key: outboxKey(tenant_id, mail_id),
    ...changes({
      set: {
        claim: randomUUID(),
        claimed_until_ms: nowMs + claimMs,
        ...dueKey({ tenant_id, mail_id }, nowMs + 2 * claimMs),
      },
      add: { attempts: 1 },
      if: [
        '#status = :pending AND (attribute_not_exists(claimed_until_ms) OR claimed_until_ms < :now)',
        { pending: 'pending', now: nowMs },
      ],
    }),
    ReturnValues: 'ALL_NEW',
  });
  return item && MailItem.parse(item);
}

/** Changes a mail while this attempt still has it. False when another one has claimed it since. */
async function change(mail: MailItem, wanted: Parameters<typeof changes>[0]): Promise<boolean> {
  const changed = await tryUpdate({
    Key: outboxKey(mail.tenant_id, mail.mail_id),
    ...changes({ ...wanted, if: ['claim = :mine', { mine: mail.claim }] }),
  });
  return changed !== undefined;
}

async function end(mail: MailItem, status: Exclude<MailItem['status'], 'pending'>): Promise<void> {
  const { tenant_id, mail_id, kind, attempts } = mail;
  await change(mail, {
    set: { status },
    remove: ['series_pk', 'series_sk', 'claim', 'claimed_until_ms'],
  });
  logger.info('mail_done', { tenant_id, mail_id, kind, status, attempts });
}

async function postpone(mail: MailItem): Promise<void> {
  const { tenant_id, mail_id, attempts } = mail;
  if (attempts >= maxAttempts) {
    recordMetric(mails, 1, { outcome: 'failed' });
    return end(mail, 'failed');
  }
  recordMetric(mails, 1, { outcome: 'retried' });
  const pauseMs = Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs);
  const isQueued = pauseMs <= maxDelaySeconds * 1000;
  const checkAtMs = Date.now() + (isQueued ? pauseMs + claimMs : pauseMs);
  const isMine = await change(mail, {
    set: dueKey(mail, checkAtMs),
    remove: ['claim', 'claimed_until_ms'],
  });
  if (isMine && isQueued) await queueMail(tenant_id, mail_id, pauseMs / 1000);
}

interface Addressee {
  readonly userId: string;
  readonly email: string;
  readonly language: Language;
}

async function addresseesOf({ tenant_id, to }: MailItem): Promise<Addressee[]> {
  if ('operator' in to) {
    const email = optionalEnv('OPERATOR_EMAIL');
    return email ? [{ userId: operator, email, language: 'en' }] : [];
  }
  const members: Member[] = await readMembers(tenant_id);
  return members.filter(({ userId, role }) =>
    'role' in to ? role === to.role : to.users.includes(userId),
  );
}

async function tenantOf(tenantId: string): Promise<TenantItem | undefined> {
  if (tenantId === operator) return undefined;
  const item = await getItem(tenantKeys.tenant(tenantId));
  return item && TenantItem.parse(item);
}

async function sendTo(
  { userId, email, language }: Addressee,
  { kind }: SentKind,
  { tenant_id, mail_id, params, attempts }: MailItem,
  tenant: TenantItem | undefined,
): Promise<'sent' | 'retried' | 'failed' | 'suppressed'> {
  if (await isSuppressed(email, kind.about)) return 'suppressed';
  const name = requireEnv('MAIL_NAME');
  const content = {
    language,
    params,
    product: name,
    company: tenant?.name ?? null,
    publicUrl: optionalEnv('PUBLIC_URL'),
  };
  const envelope = { from, name, to: email, replyTo: requireEnv('SUPPORT_EMAIL'), kind: kind.id };
  const answer = await sendBySes(envelope, renderMail(kind, content));
  if (answer.error === undefined) return 'sent';
  logger.error('mail_refused', {
    tenant_id,
    user_id: userId,
    mail_id,
    kind: kind.id,
    attempts,
    error_name: answer.error,
  });
  return answer.isFinal ? 'failed' : 'retried';
}

import type { MailKind, MailParams, MailValuesOf } from '../contract/mails.ts';
import { create, type Write } from '../table/table.ts';
import type { Addressees, MailItem } from './items.ts';
import { mailKeys, operator, outboxKey } from './keys.ts';

/** A mail that waits this long was lost on the way: the sweep queues it again. */
export const lostAfterMs = 5 * 60_000;
/** Mail that was sent, and what is known of it, is kept for 400 days. */
const keptSeconds = 400 * 86_400;
/** Partitions of what waits, so that none is hot. */
export const dueShards = 8;

/** A mail by its names. */
export type MailNames = Pick<MailItem, 'tenant_id' | 'mail_id'>;

/** The keys under which the sweep finds a mail from a time on. */
export function dueKey({ tenant_id, mail_id }: MailNames, checkAtMs: number) {
  const shard = tenant_id.charCodeAt(tenant_id.length - 1) % dueShards;
  return {
    series_pk: mailKeys.due(String(shard)),
    series_sk: `${new Date(checkAtMs).toISOString()}#${tenant_id}#${mail_id}`,
  };
}

interface MailOptions<P extends MailParams> {
  /** Members by their ids, or all who have a role when it is sent. */
  readonly to: Addressees;
  readonly params: MailValuesOf<P>;
  /** Its name in the tenant: there is one mail of a name, ever. A segment of a key. */
  readonly once: string;
  /** When it is to be sent; default: now. */
  readonly sendAtMs?: number;
}

/**
 * The write of a mail to members of a tenant, for the transaction of what it tells of: both are
 * stored or neither, and its condition fails where a mail of that name exists. The mail holds no address
 * and no text. `queueMail` after the transaction makes it leave at once; without it a sweep finds it. The
 * contract entry names the kind in `mails`.
 */
export function mailWrites<P extends MailParams>(
  tenantId: string,
  { id: kind }: Pick<MailKind<P>, 'id' | 'params'>,
  { to, params, once, sendAtMs }: MailOptions<P>,
): Write[] {
  const nowMs = Date.now();
  const mail: MailItem = {
    mail_id: once,
    tenant_id: tenantId,
    kind,
    to,
    params: { ...params },
    status: 'pending',
    attempts: 0,
    done: [],
    created_at: new Date(nowMs).toISOString(),
  };
  return [
    create({
      ...outboxKey(tenantId, once),
      ...dueKey(mail, sendAtMs ?? nowMs + lostAfterMs),
      ...mail,
      ttl: Math.ceil((sendAtMs ?? nowMs) / 1000) + keptSeconds,
    }),
  ];
}

/** The same for mail to who runs the deployment. */
export const operatorMailWrites = <P extends MailParams>(
  kind: Pick<MailKind<P>, 'id' | 'params'>,
  options: Omit<MailOptions<P>, 'to'>,
): Write[] => mailWrites(operator, kind, { ...options, to: { operator: true } });

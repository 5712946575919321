import type { Actor, AuditKind } from '../contract/audit.ts';
import { newId } from '../runtime/ids.ts';
import { logSecurityEvent } from '../runtime/logger.ts';
import { requestContext } from '../runtime/request-context.ts';
import { traceHeader, traceIdOf } from '../runtime/traces.ts';
import { create, type Write } from '../table/table.ts';
import { addressHash } from './address-hash.ts';
import { auditIds, monthOf, timeOf } from './ids.ts';
import type { AuditEntryItem } from './items.ts';
import { auditKeys, shardOf } from './keys.ts';
import { entryKeptMs, ttlAfter } from './retention.ts';

export interface AuditDetails {
  /** Who did it; default: who calls, or the function itself where no caller is known. */
  readonly actor?: Actor;
  /** Id of what it was done to. */
  readonly subject?: string;
  /** Ids and figures. Never emails, names that people chose, tokens, passwords, keys. */
  readonly data?: AuditEntryItem['data'];
}

/** An entry is for reading, not for storing things in it. */
const maxDataBytes = 2048;

/**
 * The two writes of an audit entry, for the transaction of what it tells of: both are stored or
 * neither. Once they are, the same is a line in the log. Address and trace are those of the request.
 * A contract entry whose function uses this says so in `audits`.
 */
export async function auditEntry(
  tenantId: string,
  { type }: AuditKind,
  { actor = requestContext.getStore()?.actor, subject, data = {} }: AuditDetails = {},
): Promise<Write[]> {
  if (!actor) throw new Error(`An audit entry ${type} needs an actor`);
  if (Buffer.byteLength(JSON.stringify(data)) > maxDataBytes)
    throw new Error(`The data of an audit entry ${type} is larger than ${maxDataBytes} bytes`);
  const address = requestContext.getStore()?.address;
  const hash = address === undefined ? undefined : await addressHash(tenantId, address);
  const traceId = traceIdOf(traceHeader());
  const id = newId(auditIds);
  const madeMs = timeOf(id);
  const entry: AuditEntryItem = {
    id,
    ts: new Date(madeMs).toISOString(),
    type,
    actor,
    ...(subject !== undefined && { subject }),
    ...(hash !== undefined && { address_hash: hash }),
    ...(traceId !== undefined && { trace_id: traceId }),
    data,
  };
  const ttl = ttlAfter(madeMs, entryKeptMs);
  return [
    {
      ...create({ ...auditKeys.entry(tenantId, monthOf(madeMs), id), ...entry, ttl }),
      written: () => logEntry(tenantId, entry),
    },
    create({ ...auditKeys.pending(shardOf(tenantId), id), tenant_id: tenantId }),
  ];
}

function logEntry(tenantId: string, { id, type, actor, subject, data }: AuditEntryItem): void {
  const isUser = actor.kind === 'user';
  // An operator's reason is free text, for the audit log alone.
  const { reason: _, ...figures } = data;
  logSecurityEvent(type, {
    tenant_id: tenantId,
    ...(isUser && { user_id: actor.id }),
    audit_id: id,
    actor_kind: actor.kind,
    actor_id: actor.id,
    subject,
    ...(actor.kind === 'operator' ? figures : data),
  });
}

const nobodySeconds = 3600;

/**
 * Writes of the same weight as those of an entry, for refusals that concern no tenant: the time of an
 * answer must not tell whether there was one. They are never read and gone after an hour.
 */
export function nobodysEntry({ type }: AuditKind): Write[] {
  const id = newId(auditIds);
  const ttl = Math.ceil(Date.now() / 1000) + nobodySeconds;
  return ['ENTRY', 'POINTER'].map((half) =>
    create({ ...auditKeys.nobody(id, half), id, type, ttl }),
  );
}

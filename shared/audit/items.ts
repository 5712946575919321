import * as z from 'zod/mini';
import { actorKinds } from '../contract/audit.ts';
import { idOf } from '../contract/schemas.ts';
import { tenantIds } from '../tenants/ids.ts';
import { auditIds } from './ids.ts';

const Value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

export const AuditActor = z.object({ kind: z.enum(actorKinds), id: z.string() });

export const AuditEntryItem = z.object({
  id: z.string(),
  ts: z.string(),
  type: z.string(),
  actor: AuditActor,
  subject: z.optional(z.string()),
  address_hash: z.optional(z.string()),
  trace_id: z.optional(z.string()),
  data: z.record(z.string(), Value),
});
export type AuditEntryItem = z.infer<typeof AuditEntryItem>;

export const AuditPointerItem = z.object({ sk: idOf(auditIds), tenant_id: idOf(tenantIds) });
export type AuditPointerItem = z.infer<typeof AuditPointerItem>;

export const AuditBlockItem = z.object({
  tenant_id: z.string(),
  sequence: z.number(),
  /** Hash of the block before; that of nothing for the first. */
  previous: z.string(),
  /** When the block before was made; null for the first. */
  previous_at: z.nullable(z.string()),
  created_at: z.string(),
  /** The entries in the order of their ids, each with the hash of its item. */
  entries: z.array(z.tuple([z.string(), z.string()])),
  hash: z.string(),
});
export type AuditBlockItem = z.infer<typeof AuditBlockItem>;

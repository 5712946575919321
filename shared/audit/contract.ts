import * as z from 'zod/mini';
import { actorKinds } from '../contract/audit.ts';
import type { BackgroundFunction } from '../contract/background.ts';
import { invalidCursor } from '../contract/core-errors.ts';
import { bearer, defineEndpoint } from '../contract/endpoint.ts';
import { idOf, pageOf, pageQuery, Timestamp } from '../contract/schemas.ts';
import { sealingKeySecret } from '../contract/secrets.ts';
import { auditExports } from './buckets.ts';
import { auditIds } from './ids.ts';
import {
  auditChainPartition,
  auditDays,
  auditEntryPartition,
  auditPendingPartition,
} from './keys.ts';

/** The document lists those that the features have. */
const AuditType = z
  .string()
  .check(z.minLength(1), z.maxLength(64))
  .register(z.globalRegistry, { id: 'AuditType' });

const AuditEvent = z
  .strictObject({
    id: idOf(auditIds),
    ts: Timestamp,
    type: AuditType,
    actor: z.strictObject({ kind: z.enum(actorKinds), id: z.string() }),
    subject: z.nullable(z.string()),
    address_hash: z.nullable(z.string()),
    trace_id: z.nullable(z.string()),
    data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  })
  .register(z.globalRegistry, { id: 'AuditEvent' });

export const listAuditEvents = defineEndpoint({
  id: 'audit/list',
  method: 'GET',
  paths: ['/api/v1/audit-events'],
  tag: 'audit',
  summary: 'What has happened in the tenant: who, what, when',
  description:
    'Newest first, from `from` to `to`, both included; kept for 400 days. An event shows within a second. `address_hash` is the same for the same address and leads nowhere else. With `type` or `actor` (the id of whoever did it) a page examines at most 1000 events, and may have few or none of them and still a next page.',
  access: bearer(['owner', 'admin']),
  query: z.strictObject({
    from: z.optional(Timestamp),
    to: z.optional(Timestamp),
    type: z.optional(AuditType),
    actor: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
    ...pageQuery(100),
  }),
  responses: {
    200: {
      description: 'A page',
      schema: pageOf(AuditEvent).register(z.globalRegistry, { id: 'AuditEventPage' }),
    },
  },
  errors: [invalidCursor],
  table: [[auditEntryPartition, ['Query']]],
  secrets: [sealingKeySecret],
});

export const chainAuditEntries: BackgroundFunction = {
  id: 'audit/chain',
  summary: 'Chains new audit entries of each tenant by their hashes',
  schedule: 'rate(1 minute)',
  table: [
    [auditPendingPartition, ['Query', 'DeleteItem']],
    [auditEntryPartition, ['BatchGetItem']],
    [auditChainPartition, ['Query', 'PutItem']],
  ],
  timeoutSeconds: 55,
};

export const exportAuditDays: BackgroundFunction = {
  id: 'audit/export',
  summary: 'Copies the audit log of every day that is over to where nothing can change it',
  schedule: 'rate(1 hour)',
  table: [
    [auditDays, ['Query']],
    [auditEntryPartition, ['BatchGetItem']],
  ],
  buckets: [[auditExports, ['PutObject', 'GetObject', 'ListBucket']]],
  timeoutSeconds: 900,
};

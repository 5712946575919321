import * as z from 'zod/mini';
import { defineOperation } from '../contract/operations.ts';
import { TenantId } from '../contract/schemas.ts';
import { auditChainPartition, auditEntryPartition, auditPendingPartition } from './keys.ts';

export const verifyAudit = defineOperation({
  id: 'audit/verify',
  command: 'audit verify',
  summary: "Read a tenant's audit log and its chain, and tell what does not fit together",
  input: z.strictObject({ tenant_id: TenantId }),
  positional: ['tenant_id'],
  table: [
    [auditEntryPartition, ['BatchGetItem', 'Query']],
    [auditChainPartition, ['BatchGetItem', 'Query']],
    [auditPendingPartition, ['BatchGetItem', 'Query']],
  ],
  timeoutSeconds: 300,
});

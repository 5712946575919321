import * as z from 'zod/mini';
import { defineOperation } from '../contract/operations.ts';
import { TenantId } from '../contract/schemas.ts';
import { tenantPartition } from '../tenants/keys.ts';
import { failedUsage, meteredPartition, usagePartition } from './keys.ts';

const month = z
  .optional(z.string().check(z.regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'is not a month like 2026-11')))
  .register(z.globalRegistry, { description: 'default: this one, UTC' });

export const reportTenantUsage = defineOperation({
  id: 'metering/operate-report',
  command: 'metering report',
  summary: 'What a tenant has used in a month, and what AWS Marketplace has accepted of it',
  input: z.strictObject({ tenant_id: TenantId, month }),
  positional: ['tenant_id'],
  table: [
    [tenantPartition, ['Query']],
    [usagePartition, ['Query']],
  ],
});

export const reconcileTenants = defineOperation({
  id: 'metering/operate-reconcile',
  command: 'metering reconcile',
  summary: 'The usage of a month that is not what AWS Marketplace has accepted, of all tenants',
  input: z.strictObject({ month }),
  positional: [],
  table: [
    [meteredPartition, ['Query']],
    [usagePartition, ['Query']],
  ],
  timeoutSeconds: 300,
});

export const listFailedUsage = defineOperation({
  id: 'metering/operate-failed',
  command: 'metering failed',
  summary: 'Usage that AWS Marketplace did not accept, the oldest first; at most 1000',
  input: z.strictObject({}),
  positional: [],
  table: [[failedUsage, ['Query']]],
});

import * as z from 'zod/mini';
import { defineOperation } from '../contract/operations.ts';
import { SubscriptionPlan, TenantId } from '../contract/schemas.ts';
import { standingChanged } from '../marketplace/audit.ts';
import {
  agreementPartition,
  buyerLicenses,
  licensePartition,
  parkedAgreements,
} from '../marketplace/keys.ts';
import { standingMails } from '../marketplace/standing-mails.ts';
import { meteredPartition } from '../metering/keys.ts';
import { finalUsage } from '../metering/queue.ts';
import { tenantPartition, tenantSeries } from '../tenants/keys.ts';
import * as audits from './audit.ts';

const page = {
  limit: z
    ._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(100)), 50)
    .register(z.globalRegistry, { description: 'how many, at most 100' }),
  cursor: z.optional(z.string().check(z.maxLength(2048))),
};
const reason = z
  .string()
  .check(z.trim(), z.minLength(3), z.maxLength(500))
  .register(z.globalRegistry, { description: 'why; kept in the audit log' });
const agreementId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_.:/@-]{1,300}$/, 'is not an agreement id'));

export const listTenants = defineOperation({
  id: 'operator/list-tenants',
  command: 'tenants list',
  summary: 'Tenants, the newest first',
  input: z.strictObject(page),
  positional: [],
  table: [[tenantSeries, ['Query']]],
});

export const showTenant = defineOperation({
  id: 'operator/show-tenant',
  command: 'tenants show',
  summary: 'A tenant, its licenses, and everything that was heard of them',
  input: z.strictObject({ tenant_id: TenantId }),
  positional: ['tenant_id'],
  table: [
    [tenantPartition, ['GetItem', 'Query']],
    [agreementPartition, ['Query']],
  ],
});

export const suspendTenant = defineOperation({
  id: 'operator/suspend-tenant',
  command: 'tenants suspend',
  summary: 'Suspend a tenant, whatever its licenses say',
  changes: 'Its data endpoints answer 403 within 60 seconds, sensors included. Nothing is deleted.',
  input: z.strictObject({ tenant_id: TenantId, reason }),
  positional: ['tenant_id'],
  audits: [audits.tenantHeld, standingChanged],
  table: [[tenantPartition, ['GetItem', 'Query', 'UpdateItem']]],
  mails: standingMails,
});

export const restoreTenant = defineOperation({
  id: 'operator/restore-tenant',
  command: 'tenants restore',
  summary: 'End the suspension by an operator',
  changes: 'The tenant is again what its licenses say.',
  input: z.strictObject({ tenant_id: TenantId, reason }),
  positional: ['tenant_id'],
  audits: [audits.tenantRestored, standingChanged],
  table: [[tenantPartition, ['GetItem', 'Query', 'UpdateItem']]],
  mails: standingMails,
});

export const overridePlan = defineOperation({
  id: 'operator/override-plan',
  command: 'tenants plan',
  summary: 'Give a tenant a plan in place of that of its licenses; none gives it back',
  changes: 'Retention, intervals and limits follow the plan, from the next look at it on.',
  input: z.strictObject({
    tenant_id: TenantId,
    plan: z.union([SubscriptionPlan, z.literal('none')]),
    reason,
  }),
  positional: ['tenant_id', 'plan'],
  audits: [audits.planOverridden, standingChanged],
  table: [[tenantPartition, ['GetItem', 'Query', 'UpdateItem']]],
  mails: standingMails,
});

export const listLicenses = defineOperation({
  id: 'operator/list-licenses',
  command: 'licenses list',
  summary: 'The licenses of an AWS account, the newest first',
  input: z.strictObject({
    account_id: z.string().check(z.regex(/^\d{1,255}$/, 'is not an AWS account')),
    ...page,
  }),
  positional: ['account_id'],
  table: [[buyerLicenses, ['Query']]],
});

export const showLicense = defineOperation({
  id: 'operator/show-license',
  command: 'licenses show',
  summary: 'A license by its id or ARN: agreement, tenant, events',
  input: z.strictObject({ license: z.string().check(z.minLength(1), z.maxLength(1024)) }),
  positional: ['license'],
  table: [
    [licensePartition, ['GetItem']],
    [agreementPartition, ['Query']],
    [tenantPartition, ['GetItem']],
  ],
});

export const listParked = defineOperation({
  id: 'operator/list-parked',
  command: 'agreements parked',
  summary: 'Agreements whose events wait for a buyer to register, the oldest first',
  input: z.strictObject(page),
  positional: [],
  table: [[parkedAgreements, ['Query']]],
});

export const showAgreement = defineOperation({
  id: 'operator/show-agreement',
  command: 'agreements show',
  summary: 'Everything that was heard of an agreement',
  input: z.strictObject({ agreement_id: agreementId }),
  positional: ['agreement_id'],
  table: [[agreementPartition, ['Query']]],
});

export const replayAgreement = defineOperation({
  id: 'operator/replay-agreement',
  command: 'agreements replay',
  summary: 'Apply everything that was heard of an agreement once more',
  changes:
    'Its licenses and their tenants become what the events say. Doing it again changes nothing.',
  input: z.strictObject({ agreement_id: agreementId }),
  positional: ['agreement_id'],
  table: [
    [agreementPartition, ['GetItem', 'Query', 'UpdateItem']],
    [licensePartition, ['GetItem', 'UpdateItem']],
    [tenantPartition, ['GetItem', 'PutItem', 'Query', 'UpdateItem']],
    [meteredPartition, ['UpdateItem']],
  ],
  queues: [finalUsage],
  mails: standingMails,
  audits: [standingChanged],
  timeoutSeconds: 30,
});

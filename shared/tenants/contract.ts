import * as z from 'zod/mini';
import { versionConflict } from '../contract/core-errors.ts';
import { bearer, defineEndpoint, roles } from '../contract/endpoint.ts';
import {
  CompanyName,
  SubscriptionPlan,
  TenantId,
  TenantStatus,
  Timestamp,
} from '../contract/schemas.ts';
import { tenantRenamed } from './audit.ts';
import { tenantUpdated } from './events.ts';
import { tenantMembers } from './extension-members.ts';
import { tenantPartition } from './keys.ts';

export const Tenant = z
  .strictObject({
    id: TenantId,
    name: z.nullable(z.string()),
    status: TenantStatus,
    plan: z.nullable(SubscriptionPlan),
    ...tenantMembers,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: z.int().check(z.positive()),
  })
  .register(z.globalRegistry, { id: 'Tenant' });

export const getMyTenant = defineEndpoint({
  id: 'tenants/get-mine',
  method: 'GET',
  paths: ['/api/v1/tenants/me'],
  tag: 'tenants',
  summary: 'The tenant of the caller',
  access: bearer(roles, { anyStatus: true }),
  responses: { 200: { description: 'The tenant', schema: Tenant } },
  table: [[tenantPartition, ['BatchGetItem']]],
});

export const updateMyTenant = defineEndpoint({
  id: 'tenants/update-mine',
  method: 'PATCH',
  paths: ['/api/v1/tenants/me'],
  tag: 'tenants',
  summary: 'Rename the tenant',
  description:
    'With `version`, refuses with 409 if the tenant has changed since that version was read.',
  access: bearer(['owner']),
  body: z
    .strictObject({ name: CompanyName, version: z.optional(z.int().check(z.positive())) })
    .register(z.globalRegistry, { example: { name: 'Another Ltd' } }),
  responses: { 200: { description: 'The tenant after the change', schema: Tenant } },
  errors: [versionConflict],
  table: [[tenantPartition, ['GetItem', 'Query', 'UpdateItem']]],
  publishes: [tenantUpdated],
  audits: [tenantRenamed],
});

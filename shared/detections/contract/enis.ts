import * as z from 'zod/mini';
import { notFound, rateLimited, versionConflict } from '../../contract/core-errors.ts';
import { bearer, defineEndpoint, roles } from '../../contract/endpoint.ts';
import { limitPartition } from '../../limits/keys.ts';
import { tenantPartition } from '../../tenants/keys.ts';
import { eniReleased, enisClaimed } from '../audit.ts';
import { eniClaimed, tooManyEnis } from '../errors.ts';
import { eniPartition, vniPartition } from '../keys.ts';
import { enisPerTenant } from '../limits.ts';
import { EniId, Vni } from './detections.ts';

const managers = bearer(['owner', 'admin']);

export const claimEnis = defineEndpoint({
  id: 'detections/claim-enis',
  method: 'POST',
  paths: ['/api/v1/enis', '/enis/register'],
  tag: 'network interfaces',
  summary: 'Claim network interfaces',
  description:
    'All or none of the list; `skipped` counts those that the tenant has already, or that the list names twice. One that another tenant has claimed, or has reported in the last 30 days, refuses the list with `eni_claimed`. The first claim draws the VNI of the tenant. A tenant has at most 1000.',
  access: managers,
  body: z
    .strictObject({ eni_ids: z.array(EniId).check(z.minLength(1), z.maxLength(40)) })
    .register(z.globalRegistry, { example: { eni_ids: ['eni-0123456789abcdef0'] } }),
  responses: {
    200: {
      description: 'Claimed',
      schema: z
        .strictObject({ inserted: z.int(), skipped: z.int() })
        .register(z.globalRegistry, { id: 'ClaimedEnis' }),
    },
  },
  errors: [eniClaimed, tooManyEnis, versionConflict, rateLimited],
  limits: [enisPerTenant],
  audits: [enisClaimed],
  table: [
    [tenantPartition, ['PutItem', 'UpdateItem']],
    [eniPartition, ['BatchGetItem', 'PutItem']],
    [vniPartition, ['PutItem']],
    [limitPartition, ['UpdateItem']],
  ],
});

export const listEnis = defineEndpoint({
  id: 'detections/list-enis',
  method: 'GET',
  paths: ['/api/v1/enis', '/enis'],
  tag: 'network interfaces',
  summary: 'The network interfaces of the tenant',
  description: 'All of them, by id: a tenant has at most 1000. `vni` is null before the first.',
  access: bearer(roles),
  responses: {
    200: {
      description: 'The network interfaces',
      schema: z
        .strictObject({ eni_ids: z.array(EniId), vni: z.nullable(Vni) })
        .register(z.globalRegistry, { id: 'Enis' }),
    },
  },
  table: [[tenantPartition, ['GetItem', 'Query']]],
});

export const deleteEni = defineEndpoint({
  id: 'detections/delete-eni',
  method: 'DELETE',
  paths: ['/api/v1/enis/{eni_id}', '/enis/{eni_id}'],
  tag: 'network interfaces',
  summary: 'Give up a network interface',
  description: 'Any tenant may claim it then. Detections that name it stay.',
  access: managers,
  path: z.strictObject({ eni_id: z.string().check(z.maxLength(64)) }),
  responses: {
    200: { description: 'Given up', schema: z.strictObject({ deleted: EniId }) },
  },
  errors: [notFound],
  audits: [eniReleased],
  table: [
    [tenantPartition, ['DeleteItem', 'UpdateItem']],
    [eniPartition, ['DeleteItem']],
  ],
});

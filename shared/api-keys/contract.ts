import * as z from 'zod/mini';
import { notFound, versionConflict } from '../contract/core-errors.ts';
import { bearer, defineEndpoint } from '../contract/endpoint.ts';
import { ApiKeyId, Timestamp, uniqueList } from '../contract/schemas.ts';
import { tenantPartition } from '../tenants/keys.ts';
import * as audits from './audit.ts';
import { tooManyApiKeys } from './errors.ts';
import { apiKeyCreated, apiKeyDeleted } from './events.ts';
import { apiKeyPartition } from './keys.ts';
import { apiKeyScopes, defaultApiKeyScopes } from './settings.ts';

/** The document lists those that the features have. */
const Scope = z.string().check(z.maxLength(64)).register(z.globalRegistry, { id: 'ApiKeyScope' });

export const ApiKey = z
  .strictObject({
    id: ApiKeyId,
    name: z.string(),
    scopes: z.array(Scope),
    expires_at: Timestamp,
    created_at: Timestamp,
  })
  .register(z.globalRegistry, { id: 'ApiKey' });

const managers = bearer(['owner', 'admin']);

export const createApiKey = defineEndpoint({
  id: 'api-keys/create',
  method: 'POST',
  paths: ['/api/v1/api-keys'],
  tag: 'api-keys',
  summary: 'Create an API key',
  description: 'The key itself is in this answer and never again; only its hash is kept.',
  access: managers,
  body: z
    .strictObject({
      name: z.string().check(
        z.trim(),
        z.minLength(1),
        z.maxLength(100),
        z.refine(
          (value) => value.isWellFormed() && !/\p{Cc}/u.test(value),
          'has control characters',
        ),
      ),
      scopes: z.optional(uniqueList(Scope, 20)),
      expires_in_days: z._default(z.int().check(z.minimum(1), z.maximum(730)), 365),
    })
    .register(z.globalRegistry, { example: { name: 'sensor' } }),
  responses: {
    201: {
      description: 'The key',
      schema: z
        .extend(ApiKey, { key: z.string() })
        .register(z.globalRegistry, { id: 'CreatedApiKey' }),
    },
  },
  errors: [tooManyApiKeys, versionConflict],
  table: [
    [tenantPartition, ['GetItem', 'Query', 'PutItem', 'UpdateItem']],
    [apiKeyPartition, ['PutItem']],
  ],
  publishes: [apiKeyCreated],
  audits: [audits.apiKeyCreated],
  settings: [apiKeyScopes, defaultApiKeyScopes],
});

export const listApiKeys = defineEndpoint({
  id: 'api-keys/list',
  method: 'GET',
  paths: ['/api/v1/api-keys'],
  tag: 'api-keys',
  summary: 'The API keys of the tenant',
  description: 'All of them, newest first: a tenant has at most 100.',
  access: managers,
  responses: {
    200: { description: 'The keys', schema: z.strictObject({ items: z.array(ApiKey) }) },
  },
  table: [[tenantPartition, ['Query']]],
});

export const deleteApiKey = defineEndpoint({
  id: 'api-keys/delete',
  method: 'DELETE',
  paths: ['/api/v1/api-keys/{id}'],
  tag: 'api-keys',
  summary: 'Delete an API key',
  description: 'The key stops working within 60 seconds.',
  access: managers,
  path: z.strictObject({ id: z.string().check(z.maxLength(64)) }),
  responses: { 204: { description: 'Deleted' } },
  errors: [notFound],
  table: [
    [tenantPartition, ['Query', 'GetItem', 'DeleteItem']],
    [apiKeyPartition, ['DeleteItem']],
  ],
  publishes: [apiKeyDeleted],
  audits: [audits.apiKeyDeleted],
});

import * as z from 'zod/mini';
import type { BackgroundFunction } from '../contract/background.ts';
import { rateLimited } from '../contract/core-errors.ts';
import { bearer, defineEndpoint } from '../contract/endpoint.ts';
import { Timestamp } from '../contract/schemas.ts';
import { limitPartition } from '../limits/keys.ts';
import { tenantPartition } from '../tenants/keys.ts';
import { credentialsDeleted, credentialsSaved } from './audit.ts';
import { definitions } from './definitions.ts';
import { sellerKeyRefused, sellerKeyScope, sellerUnavailable } from './errors.ts';
import { sealedCredentials, tokenBucketPartition } from './keys.ts';
import { credentialsKey } from './kms.ts';
import { credentialsPerTenant, credentialsPerUser } from './limits.ts';
import { ChannelName } from './names.ts';
import { channelUrls } from './settings.ts';

const paths = ['/api/v1/tenants/me/credentials'] as const;
const managers = bearer(['owner', 'admin']);

export const SavedCredentials = z
  .strictObject({
    marketplace: ChannelName,
    masked: z.record(z.string(), z.string()).register(z.globalRegistry, {
      description: 'The members of the credentials; of secret ones at most the last 4 characters.',
      example: { client_id: '123456', api_key: '••••9f3a' },
    }),
    is_verified: z.boolean(),
    verified_at: z.nullable(Timestamp),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .register(z.globalRegistry, { id: 'SavedCredentials' });

const CredentialsList = z
  .strictObject({ items: z.array(SavedCredentials) })
  .register(z.globalRegistry, { id: 'CredentialsList' });

/** A member for each seller marketplace, in the shape that its adapter wants. */
const byChannel = Object.fromEntries(
  Object.entries(definitions).map(([name, { credentials }]) => [name, z.optional(credentials)]),
) as { [N in ChannelName]: z.ZodMiniOptional<(typeof definitions)[N]['credentials']> };

export const updateCredentials = defineEndpoint({
  id: 'channels/update-credentials',
  method: 'PATCH',
  paths,
  tag: 'credentials',
  summary: 'Save the keys of seller marketplaces',
  description:
    'Each key is tried against its marketplace first, and all are saved or none. With `save_unverified`, keys are saved although their marketplace does not answer; a key that it refuses never is. Keys cannot be read back.',
  access: managers,
  body: z
    .strictObject({ ...byChannel, save_unverified: z._default(z.boolean(), false) })
    .check(
      z.refine(
        (body) => Object.keys(definitions).some((name) => body[name as ChannelName] !== undefined),
        'names no seller marketplace',
      ),
    )
    .register(z.globalRegistry, {
      example: { ozon: { client_id: '123456', api_key: '3f8a6c1e-key-of-the-seller' } },
    }),
  responses: { 200: { description: 'All credentials of the tenant', schema: CredentialsList } },
  errors: [sellerKeyRefused, sellerKeyScope, sellerUnavailable, rateLimited],
  limits: [credentialsPerUser, credentialsPerTenant],
  audits: [credentialsSaved],
  table: [
    [tenantPartition, ['Query', 'UpdateItem']],
    [limitPartition, ['UpdateItem']],
    [tokenBucketPartition, ['UpdateItem']],
  ],
  kmsKeys: [[credentialsKey, ['GenerateDataKey']]],
  settings: channelUrls,
  timeoutSeconds: 29,
});

export const getCredentials = defineEndpoint({
  id: 'channels/get-credentials',
  method: 'GET',
  paths,
  tag: 'credentials',
  summary: 'The seller marketplaces that keys are saved for',
  access: managers,
  responses: { 200: { description: 'The credentials, masked', schema: CredentialsList } },
  table: [[tenantPartition, ['Query']]],
});

export const deleteCredentials = defineEndpoint({
  id: 'channels/delete-credentials',
  method: 'DELETE',
  paths,
  tag: 'credentials',
  summary: 'Delete the keys of one seller marketplace, or of all',
  access: managers,
  query: z.strictObject({ marketplace: z.optional(ChannelName) }),
  responses: { 204: { description: 'Deleted, or there were none' } },
  table: [[tenantPartition, ['DeleteItem']]],
  audits: [credentialsDeleted],
});

export const rewrapCredentials: BackgroundFunction = {
  id: 'channels/rewrap-credentials',
  summary: 'Reseals seller credentials that an older key of KMS sealed',
  schedule: 'rate(1 day)',
  timeoutSeconds: 300,
  table: [
    [sealedCredentials, ['Query']],
    [tenantPartition, ['GetItem', 'UpdateItem']],
  ],
  kmsKeys: [[credentialsKey, ['GenerateDataKey', 'Decrypt', 'DescribeKey']]],
};

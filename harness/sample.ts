import * as z from 'zod/mini';
import { apiKeyPartition } from '../shared/api-keys/keys.ts';
import type { ApiKeyScope } from '../shared/api-keys/scopes.ts';
import { bearer, defineEndpoint, roles } from '../shared/contract/endpoint.ts';
import { tenantPartition } from '../shared/tenants/keys.ts';
import { type Answered, authorize, type Sent, toEvent, type World } from './world.ts';

/** What API keys may do in tests of the core. */
export const sampleScope: ApiKeyScope = {
  name: 'samples:write',
  description: 'Report samples',
  isDefault: true,
};

/** An endpoint for API keys that no feature brings. */
const takeSamples = defineEndpoint({
  id: 'samples/take',
  method: 'POST',
  paths: ['/api/v1/samples'],
  tag: 'samples',
  summary: 'Take samples',
  access: { kind: 'apiKey', scope: sampleScope },
  body: z.strictObject({ samples: z.array(z.string()) }),
  responses: { 202: { description: 'Taken' } },
  table: [
    [apiKeyPartition, ['GetItem']],
    [tenantPartition, ['GetItem']],
  ],
});

/** A list for members that looks at its query. */
const listSamples = defineEndpoint({
  id: 'samples/list',
  method: 'GET',
  paths: ['/api/v1/samples'],
  tag: 'samples',
  summary: 'List samples',
  access: bearer(roles),
  query: z.strictObject({ label: z.optional(z.string()) }),
  responses: { 200: { description: 'Samples' } },
});

/** A body that the endpoint for API keys takes. */
export const samples = { samples: ['one'] };

/** The scope in the settings of the functions: call it before any of them loads. */
export function useSampleScope(): void {
  process.env.API_KEY_SCOPES = sampleScope.name;
  process.env.DEFAULT_API_KEY_SCOPES = sampleScope.name;
}

/** Sends a request to the endpoint for API keys. */
export async function take(world: World, sent: Sent): Promise<Answered> {
  const { handleApiKey } = await import('../shared/http/handle-api-key.ts');
  const event = toEvent(takeSamples, '/api/v1/samples', '/api/v1/samples', {}, sent);
  return world.call(
    handleApiKey(takeSamples, async () => ({ status: 202 })),
    takeSamples,
    event,
  );
}

/** Asks for the list as a member. */
export async function listAs(world: World, sent: Sent & { token: string }): Promise<Answered> {
  const { handleBearer } = await import('../shared/http/handle-bearer.ts');
  const event = toEvent(listSamples, '/api/v1/samples', '/api/v1/samples', {}, sent);
  const authorizer = await authorize(sent.token);
  if (!authorizer) return { status: 401, headers: {}, body: { code: 'unauthorized' } };
  event.requestContext.authorizer = authorizer;
  return world.call(
    handleBearer(listSamples, async () => ({ status: 200, body: { items: [] } })),
    listSamples,
    event,
  );
}

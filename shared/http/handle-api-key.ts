import { authenticateApiKey } from '../api-keys/api-keys.ts';
import { insufficientScope } from '../api-keys/errors.ts';
import type { Access, ServedEndpoint } from '../contract/endpoint.ts';
import { AppError } from '../contract/errors.ts';
import { assertActive, checkTenant } from '../identity/session-state.ts';
import { logger } from '../runtime/logger.ts';
import { setActor } from '../runtime/request-context.ts';
import type { Call } from './call.ts';
import { chain } from './chain.ts';
import { header } from './client.ts';
import { readCall } from './input.ts';
import type { ReplyOf } from './reply.ts';

/** The Lambda handler of an endpoint for machines: the X-Api-Key header says for which tenant. */
export function handleApiKey<
  E extends ServedEndpoint & { access: Extract<Access, { kind: 'apiKey' }> },
>(endpoint: E, work: (call: Call<E>) => Promise<ReplyOf<E>>) {
  return chain(endpoint, async (event) => {
    const key = await authenticateApiKey(header(event, 'x-api-key') ?? '');
    const { tenantId, apiKeyId, scopes } = key;
    logger.appendKeys({ tenant_id: tenantId, api_key_id: apiKeyId });
    setActor({ kind: 'api_key', id: apiKeyId });
    if (!scopes.includes(endpoint.access.scope.name)) throw new AppError(insufficientScope);
    const tenant = await checkTenant(tenantId);
    if (!endpoint.access.anyStatus) assertActive(tenant);
    return work(readCall(endpoint, event, { tenantId, apiKeyId, plan: tenant.plan }));
  });
}

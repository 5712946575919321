import { createApiKey } from '../../shared/api-keys/api-keys.ts';
import { createApiKey as endpoint } from '../../shared/api-keys/contract.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, body }) => {
  const { name, scopes, expires_in_days: expiresInDays } = body;
  return { status: 201, body: await createApiKey(tenantId, { name, scopes, expiresInDays }) };
});

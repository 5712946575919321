import { listApiKeys } from '../../shared/api-keys/api-keys.ts';
import { listApiKeys as endpoint } from '../../shared/api-keys/contract.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId }) => {
  return { status: 200, body: { items: await listApiKeys(tenantId) } };
});

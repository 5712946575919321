import { deleteApiKey } from '../../shared/api-keys/api-keys.ts';
import { deleteApiKey as endpoint } from '../../shared/api-keys/contract.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, path }) => {
  await deleteApiKey(tenantId, path.id);
  return { status: 204 };
});

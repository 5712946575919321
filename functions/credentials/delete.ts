import { deleteCredentials as endpoint } from '../../shared/contract/credentials.ts';
import { deleteCredentials } from '../../shared/credentials.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, query }) => {
  await deleteCredentials(tenantId, query.marketplace);
  return { status: 204 };
});

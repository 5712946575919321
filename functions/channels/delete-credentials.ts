import { deleteCredentials as endpoint } from '../../shared/channels/contract.ts';
import { deleteCredentials } from '../../shared/channels/credentials.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, query }) => {
  await deleteCredentials(tenantId, query.marketplace);
  return { status: 204 };
});

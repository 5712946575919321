import { getCredentials } from '../../shared/channels/contract.ts';
import { listCredentials } from '../../shared/channels/credentials.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(getCredentials, async ({ tenantId }) => {
  return { status: 200, body: { items: await listCredentials(tenantId) } };
});

import { getMyTenant } from '../../shared/contract/tenants.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { getTenant } from '../../shared/tenants.ts';

export const handler = handleBearer(getMyTenant, async ({ tenantId }) => {
  return { status: 200, body: await getTenant(tenantId) };
});

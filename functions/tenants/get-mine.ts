import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { getMyTenant } from '../../shared/tenants/contract.ts';
import { showTenant } from '../../shared/tenants/tenants.ts';

export const handler = handleBearer(getMyTenant, async ({ tenantId }) => {
  return { status: 200, body: await showTenant(tenantId) };
});

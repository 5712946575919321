import { updateMyTenant } from '../../shared/contract/tenants.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { renameTenant } from '../../shared/rename-tenant.ts';

export const handler = handleBearer(updateMyTenant, async ({ tenantId, body }) => {
  return { status: 200, body: await renameTenant(tenantId, body.name, body.version) };
});

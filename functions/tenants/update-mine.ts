import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { updateMyTenant } from '../../shared/tenants/contract.ts';
import { renameTenant } from '../../shared/tenants/rename.ts';

export const handler = handleBearer(updateMyTenant, async ({ tenantId, body }) => {
  return { status: 200, body: await renameTenant(tenantId, body.name, body.version) };
});

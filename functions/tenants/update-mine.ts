import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { updateMyTenant } from '../../shared/tenants/contract.ts';
import { renameTenant } from '../../shared/tenants/rename.ts';
import { shownTenant, showTenant } from '../../shared/tenants/tenants.ts';

export const handler = handleBearer(updateMyTenant, async ({ tenantId, body }) => {
  const renamed = await renameTenant(tenantId, body.name, body.version);
  return { status: 200, body: { ...(await showTenant(tenantId)), ...shownTenant(renamed) } };
});

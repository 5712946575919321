import { updateMyTenant } from '../../shared/contract/tenants.ts';
import { handle } from '../../shared/http/handle.ts';
import { renameTenant } from '../../shared/tenants.ts';

export const handler = handle(updateMyTenant, async ({ tenantId, body }) => {
  return { status: 200, body: await renameTenant(tenantId, body.name, body.version) };
});

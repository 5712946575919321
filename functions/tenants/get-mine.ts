import { getMyTenant } from '../../shared/contract/tenants.ts';
import { handle } from '../../shared/http/handle.ts';
import { getTenant } from '../../shared/tenants.ts';

export const handler = handle(getMyTenant, async ({ tenantId }) => {
  return { status: 200, body: await getTenant(tenantId) };
});

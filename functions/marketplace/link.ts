import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { linkLicense as endpoint } from '../../shared/marketplace/contract.ts';
import { linkLicense } from '../../shared/marketplace/link.ts';
import { showLicense } from '../../shared/marketplace/show-license.ts';
import { showTenant } from '../../shared/tenants/tenants.ts';

export const handler = handleBearer(endpoint, async ({ body, tenantId }) => {
  const licenses = await linkLicense(tenantId, body.registration_ticket);
  return {
    status: 200,
    body: { ...(await showTenant(tenantId)), licenses: licenses.map(showLicense) },
  };
});

import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { dashboard } from '../../shared/products/analytics.ts';
import * as contract from '../../shared/products/contract.ts';

export const handler = handleBearer(contract.dashboard, async ({ tenantId }) => {
  return { status: 200, body: await dashboard(tenantId) };
});

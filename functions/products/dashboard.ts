import * as contract from '../../shared/contract/products.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { dashboard } from '../../shared/products/figures.ts';

export const handler = handleBearer(contract.dashboard, async ({ tenantId }) => {
  return { status: 200, body: await dashboard(tenantId) };
});

import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { stockDistribution } from '../../shared/products/analytics.ts';
import * as contract from '../../shared/products/contract.ts';

export const handler = handleBearer(contract.stockDistribution, async ({ tenantId }) => {
  return { status: 200, body: await stockDistribution(tenantId) };
});

import * as contract from '../../shared/contract/products.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { stockDistribution } from '../../shared/products/figures.ts';

export const handler = handleBearer(contract.stockDistribution, async ({ tenantId }) => {
  return { status: 200, body: await stockDistribution(tenantId) };
});

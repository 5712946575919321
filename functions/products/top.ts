import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { topProducts } from '../../shared/products/contract.ts';
import { listTopProducts } from '../../shared/products/products.ts';

export const handler = handleBearer(topProducts, async ({ tenantId, query }) => {
  return { status: 200, body: await listTopProducts(tenantId, query) };
});

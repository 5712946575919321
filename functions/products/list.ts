import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { listProducts } from '../../shared/products/contract.ts';
import * as products from '../../shared/products/products.ts';

export const handler = handleBearer(listProducts, async ({ tenantId, query }) => {
  return { status: 200, body: await products.listProducts(tenantId, query) };
});

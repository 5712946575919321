import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { getProduct } from '../../shared/products/contract.ts';
import * as products from '../../shared/products/products.ts';

export const handler = handleBearer(getProduct, async ({ tenantId, path }) => {
  return { status: 200, body: await products.getProduct(tenantId, path.id) };
});

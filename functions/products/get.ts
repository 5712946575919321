import { getProduct } from '../../shared/contract/products.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import * as products from '../../shared/products/products.ts';

export const handler = handleBearer(getProduct, async ({ tenantId, path }) => {
  return { status: 200, body: await products.getProduct(tenantId, path.id) };
});

import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { getProductHistory } from '../../shared/products/contract.ts';
import { listProductHistory } from '../../shared/products/products.ts';

export const handler = handleBearer(getProductHistory, async ({ tenantId, path, query }) => {
  return { status: 200, body: await listProductHistory(tenantId, path.id, query) };
});

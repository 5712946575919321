import { lowStock } from '../../shared/contract/products.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { listLowStock } from '../../shared/products/products.ts';

export const handler = handleBearer(lowStock, async ({ tenantId, query }) => {
  return { status: 200, body: await listLowStock(tenantId, query) };
});

import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { lowStock } from '../../shared/products/contract.ts';
import { listLowStock } from '../../shared/products/products.ts';

export const handler = handleBearer(lowStock, async ({ tenantId, query }) => {
  return { status: 200, body: await listLowStock(tenantId, query) };
});

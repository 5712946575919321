import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { listDeliveries as endpoint } from '../../shared/webhooks/contract.ts';
import { listDeliveries } from '../../shared/webhooks/deliveries.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, path, query }) => {
  return { status: 200, body: await listDeliveries(tenantId, path.id, query) };
});

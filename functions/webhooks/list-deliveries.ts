import { listDeliveries as endpoint } from '../../shared/contract/webhooks.ts';
import { listDeliveries } from '../../shared/deliveries.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, path, query }) => {
  return { status: 200, body: await listDeliveries(tenantId, path.id, query) };
});

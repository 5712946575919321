import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { enforceLimit } from '../../shared/limits/limits.ts';
import { replayDelivery as endpoint } from '../../shared/webhooks/contract.ts';
import { replayDelivery } from '../../shared/webhooks/deliveries.ts';
import { webhooksPerTenant } from '../../shared/webhooks/limits.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, path }) => {
  await enforceLimit(webhooksPerTenant, tenantId);
  return { status: 202, body: await replayDelivery(tenantId, path.id, path.delivery_id) };
});

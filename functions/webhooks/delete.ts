import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { deleteWebhook as endpoint } from '../../shared/webhooks/contract.ts';
import { deleteWithDeliveries } from '../../shared/webhooks/purge.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, userId, path }) => {
  await deleteWithDeliveries({ tenantId, userId }, path.id);
  return { status: 204 };
});

import { deleteWebhook as endpoint } from '../../shared/contract/webhooks.ts';
import { deleteWithDeliveries } from '../../shared/delivery-purge.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, userId, path }) => {
  await deleteWithDeliveries({ tenantId, userId }, path.id);
  return { status: 204 };
});

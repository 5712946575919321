import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { updateWebhook as endpoint } from '../../shared/webhooks/contract.ts';
import { updateWebhook } from '../../shared/webhooks/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, userId, path, body }) => {
  return { status: 200, body: await updateWebhook({ tenantId, userId }, path.id, body) };
});

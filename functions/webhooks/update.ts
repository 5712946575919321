import { updateWebhook as endpoint } from '../../shared/contract/webhooks.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { updateWebhook } from '../../shared/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, path, body }) => {
  return { status: 200, body: await updateWebhook(tenantId, path.id, body) };
});

import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { getWebhook as endpoint } from '../../shared/webhooks/contract.ts';
import { getWebhook } from '../../shared/webhooks/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, path }) => {
  return { status: 200, body: await getWebhook(tenantId, path.id) };
});

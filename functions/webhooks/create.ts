import { createWebhook as endpoint } from '../../shared/contract/webhooks.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { createWebhook } from '../../shared/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, body }) => {
  return { status: 201, body: await createWebhook(tenantId, body) };
});

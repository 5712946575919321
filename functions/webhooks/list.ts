import { listWebhooks as endpoint } from '../../shared/contract/webhooks.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { listWebhooks } from '../../shared/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId }) => {
  return { status: 200, body: { items: await listWebhooks(tenantId) } };
});

import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { listWebhooks as endpoint } from '../../shared/webhooks/contract.ts';
import { listWebhooks } from '../../shared/webhooks/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId }) => {
  return { status: 200, body: { items: await listWebhooks(tenantId) } };
});

import { deleteWebhook as endpoint } from '../../shared/contract/webhooks.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { deleteWebhook } from '../../shared/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, path }) => {
  await deleteWebhook(tenantId, path.id);
  return { status: 204 };
});

import { updateWebhook as endpoint } from '../../shared/contract/webhooks.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { admit } from '../../shared/limits.ts';
import { updateWebhook } from '../../shared/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, userId, path, body }) => {
  await admit('webhook_changes.tenant', tenantId);
  return { status: 200, body: await updateWebhook({ tenantId, userId }, path.id, body) };
});

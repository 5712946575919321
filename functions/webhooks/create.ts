import { createWebhook as endpoint } from '../../shared/contract/webhooks.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { admit } from '../../shared/limits.ts';
import { createWebhook } from '../../shared/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, userId, body }) => {
  await admit('webhook_changes.tenant', tenantId);
  return { status: 201, body: await createWebhook({ tenantId, userId }, body) };
});

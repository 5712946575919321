import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { enforceLimit } from '../../shared/limits/limits.ts';
import { createWebhook as endpoint } from '../../shared/webhooks/contract.ts';
import { webhookChangesPerTenant } from '../../shared/webhooks/limits.ts';
import { createWebhook } from '../../shared/webhooks/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, userId, body }) => {
  await enforceLimit(webhookChangesPerTenant, tenantId);
  return { status: 201, body: await createWebhook({ tenantId, userId }, body) };
});

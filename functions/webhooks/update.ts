import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { enforceLimit } from '../../shared/limits/limits.ts';
import { updateWebhook as endpoint } from '../../shared/webhooks/contract.ts';
import { webhookChangesPerTenant } from '../../shared/webhooks/limits.ts';
import { updateWebhook } from '../../shared/webhooks/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, userId, path, body }) => {
  await enforceLimit(webhookChangesPerTenant, tenantId);
  return { status: 200, body: await updateWebhook({ tenantId, userId }, path.id, body) };
});

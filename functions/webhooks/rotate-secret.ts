import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { enforceLimit } from '../../shared/limits/limits.ts';
import { rotateWebhookSecret as endpoint } from '../../shared/webhooks/contract.ts';
import { webhookChangesPerTenant } from '../../shared/webhooks/limits.ts';
import { rotateSecret } from '../../shared/webhooks/webhooks.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, userId, path }) => {
  await enforceLimit(webhookChangesPerTenant, tenantId);
  return { status: 200, body: await rotateSecret({ tenantId, userId }, path.id) };
});

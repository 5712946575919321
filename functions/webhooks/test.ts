import { testWebhook as endpoint } from '../../shared/contract/webhooks.ts';
import { sendTestEvent } from '../../shared/deliveries.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { admit } from '../../shared/limits.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, path }) => {
  await admit('webhooks.tenant', tenantId);
  return { status: 202, body: await sendTestEvent(tenantId, path.id) };
});

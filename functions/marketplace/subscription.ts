import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { getSubscription } from '../../shared/marketplace/contract.ts';
import { showSubscription } from '../../shared/marketplace/subscription.ts';

export const handler = handleBearer(getSubscription, async ({ tenantId }) => {
  return { status: 200, body: await showSubscription(tenantId) };
});

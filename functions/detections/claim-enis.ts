import { claimEnis as endpoint } from '../../shared/contract/detections-enis.ts';
import { claimEnis } from '../../shared/detections-enis.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, body }) => {
  return { status: 200, body: await claimEnis(tenantId, body.eni_ids) };
});

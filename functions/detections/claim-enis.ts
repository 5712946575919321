import { claimEnis as endpoint } from '../../shared/detections/contract/enis.ts';
import { claimEnis } from '../../shared/detections/enis.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { enforceLimit } from '../../shared/limits/limits.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, body }) => {
  await enforceLimit('enis.tenant', tenantId);
  return { status: 200, body: await claimEnis(tenantId, body.eni_ids) };
});

import { claimEnis as endpoint } from '../../shared/detections/contract/enis.ts';
import { claimEnis } from '../../shared/detections/enis.ts';
import { enisPerTenant } from '../../shared/detections/limits.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { enforceLimit } from '../../shared/limits/limits.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, body }) => {
  await enforceLimit(enisPerTenant, tenantId);
  return { status: 200, body: await claimEnis(tenantId, body.eni_ids) };
});

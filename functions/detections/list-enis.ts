import { listEnis as endpoint } from '../../shared/detections/contract/enis.ts';
import { listEnis } from '../../shared/detections/enis.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId }) => {
  return { status: 200, body: await listEnis(tenantId) };
});

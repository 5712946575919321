import { listDetections } from '../../shared/contract/detections.ts';
import { list } from '../../shared/detections.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(listDetections, async ({ tenantId, query, plan }) => {
  return { status: 200, body: await list(tenantId, query, plan) };
});

import { detectionStatistics } from '../../shared/detections/contract/statistics.ts';
import { statistics } from '../../shared/detections/statistics.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(detectionStatistics, async ({ tenantId, query, plan }) => {
  return { status: 200, body: await statistics(tenantId, query, plan) };
});

import { seedDetections } from '../../shared/detections/contract/detections.ts';
import { exampleDetections, ingest } from '../../shared/detections/ingest.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(seedDetections, async ({ tenantId, plan }) => {
  const { accepted } = await ingest(tenantId, exampleDetections(Date.now()), plan);
  return { status: 200, body: { inserted: accepted } };
});

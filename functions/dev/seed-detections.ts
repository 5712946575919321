import { seedDetections } from '../../shared/contract/detections.ts';
import { exampleDetections, ingest } from '../../shared/detections.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(seedDetections, async ({ tenantId }) => {
  const { accepted } = await ingest(tenantId, exampleDetections(Date.now()));
  return { status: 200, body: { inserted: accepted } };
});

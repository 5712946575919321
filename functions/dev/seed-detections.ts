import { seedDetections } from '../../shared/contract/detections.ts';
import { exampleDetections, ingest } from '../../shared/detections.ts';
import { handle } from '../../shared/http/handle.ts';

export const handler = handle(seedDetections, async ({ tenantId }) => {
  const { accepted } = await ingest(tenantId, exampleDetections(Date.now()));
  return { status: 200, body: { inserted: accepted } };
});

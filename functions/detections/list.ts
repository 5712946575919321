import { listDetections } from '../../shared/contract/detections.ts';
import { list } from '../../shared/detections.ts';
import { handle } from '../../shared/http/handle.ts';

export const handler = handle(listDetections, async ({ tenantId, query }) => {
  return { status: 200, body: await list(tenantId, query) };
});

import { deleteEni as endpoint } from '../../shared/detections/contract/enis.ts';
import { deleteEni } from '../../shared/detections/enis.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';

export const handler = handleBearer(endpoint, async ({ tenantId, path }) => {
  await deleteEni(tenantId, path.eni_id);
  return { status: 200, body: { deleted: path.eni_id } };
});

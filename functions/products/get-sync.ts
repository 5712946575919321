import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { getProductSync } from '../../shared/products/contract.ts';
import { getSyncRun } from '../../shared/products/sync/runs.ts';

export const handler = handleBearer(getProductSync, async ({ tenantId, path }) => {
  return { status: 200, body: await getSyncRun(tenantId, path.task_id) };
});

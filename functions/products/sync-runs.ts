import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { listProductSyncs } from '../../shared/products/contract.ts';
import { listSyncRuns } from '../../shared/products/sync/runs.ts';

export const handler = handleBearer(listProductSyncs, async ({ tenantId, query }) => {
  return { status: 200, body: await listSyncRuns(tenantId, query) };
});

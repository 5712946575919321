import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { syncHistory } from '../../shared/products/analytics.ts';
import * as contract from '../../shared/products/contract.ts';

export const handler = handleBearer(contract.syncHistory, async ({ tenantId, query }) => {
  return { status: 200, body: await syncHistory(tenantId, query) };
});

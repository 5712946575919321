import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { enforceLimit } from '../../shared/limits/limits.ts';
import { startProductSync } from '../../shared/products/contract.ts';
import { syncPerTenant } from '../../shared/products/limits.ts';
import { startSync } from '../../shared/products/sync/start.ts';
import { startAdapters } from '../../shared/products/sync/start-adapters.ts';

export const handler = handleBearer(startProductSync, async ({ tenantId }) => {
  await enforceLimit(syncPerTenant, tenantId);
  return { status: 202, body: await startSync(tenantId, 'manual', startAdapters) };
});

import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { admit } from '../../shared/limits/limits.ts';
import { startProductSync } from '../../shared/products/contract.ts';
import { startSync } from '../../shared/products/sync/runs.ts';
import { startServices } from '../../shared/products/sync/start-adapters.ts';

export const handler = handleBearer(startProductSync, async ({ tenantId }) => {
  await admit('sync.tenant', tenantId);
  return { status: 202, body: await startSync(tenantId, 'manual', startServices) };
});

import { startProductSync } from '../../shared/contract/products.ts';
import { handleBearer } from '../../shared/http/handle-bearer.ts';
import { admit } from '../../shared/limits.ts';
import { startServices } from '../../shared/products/start-services.ts';
import { startSync } from '../../shared/products/sync-runs.ts';

export const handler = handleBearer(startProductSync, async ({ tenantId }) => {
  await admit('sync.tenant', tenantId);
  return { status: 202, body: await startSync(tenantId, 'manual', startServices) };
});

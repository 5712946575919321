import * as contract from '../../shared/products/contract.ts';
import { saveCredentials } from '../channels/samples.ts';
import { type Sample, sample } from '../samples.ts';
import type { Tenant } from '../tenant.ts';
import { syncOnce } from './sync-subject.ts';

/** A tenant whose products were synced; the last sync brings them all in, or changes their stock. */
const synced = async ({ tenantId }: Tenant) => {
  await syncOnce(tenantId, 3);
  return {};
};

/** The path of one of the tenant's products, whose stock two syncs have changed. */
const product = async ({ tenantId, call }: Tenant) => {
  for (const revision of [0, 1, 2]) await syncOnce(tenantId, 3, revision);
  const { items } = await call<{ items: { id: string }[] }>(contract.listProducts);
  return { path: { id: items[0]?.id ?? '' } };
};

/** A tenant that was synced twice. */
const syncedTwice = async (tenant: Tenant) => {
  await synced(tenant);
  return synced(tenant);
};

const start = ({ call }: Tenant) => call<{ task_id: string }>(contract.startProductSync);

export const samples: readonly Sample[] = [
  sample(contract.listProducts, {
    query: { page_size: '1', search: 'number', sort_by: 'price' },
    arrange: synced,
  }),
  sample(contract.startProductSync, {
    arrange: async (tenant) => {
      await saveCredentials(tenant);
      return {};
    },
  }),
  sample(contract.getProductSync, {
    arrange: async (tenant) => {
      await saveCredentials(tenant);
      const { task_id } = await start(tenant);
      return { path: { task_id } };
    },
  }),
  sample(contract.listProductSyncs, { query: { limit: '1' }, arrange: syncedTwice }),
  sample(contract.getProduct, { arrange: product }),
  sample(contract.getProductHistory, { query: { limit: '1' }, arrange: product }),
  sample(contract.dashboard, { arrange: synced }),
  sample(contract.lowStock, { arrange: synced }),
  sample(contract.topProducts, { arrange: synced }),
  sample(contract.stockDistribution, { arrange: synced }),
  sample(contract.syncHistory, { arrange: synced }),
];

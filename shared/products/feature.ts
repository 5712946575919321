import { defineFeature } from '../contract/feature.ts';
import * as contract from './contract.ts';
import * as events from './events.ts';
import * as ids from './ids.ts';
import * as keys from './keys.ts';
import * as limits from './limits.ts';
import * as metrics from './metrics.ts';
import { syncQueue } from './queue.ts';

/** Products, synced from the channels of a tenant. */
export const products = defineFeature({
  id: 'products',
  uses: ['channels'],
  endpoints: [
    contract.listProducts,
    contract.startProductSync,
    contract.getProductSync,
    contract.listProductSyncs,
    contract.getProduct,
    contract.getProductHistory,
    contract.dashboard,
    contract.lowStock,
    contract.topProducts,
    contract.stockDistribution,
    contract.syncHistory,
  ],
  workers: [contract.syncWorker, contract.syncSweep],
  limits: Object.values(limits),
  events: Object.values(events),
  ids: Object.values(ids),
  families: [keys.productPartition, keys.cataloguePartition, keys.syncDuePartition],
  keys: keys.productKeys,
  items: keys.items,
  queues: [syncQueue],
  metrics: [
    metrics.syncsStarted,
    metrics.syncsCompleted,
    metrics.syncsFailed,
    metrics.syncDuration,
    metrics.syncedProducts,
    metrics.syncsStuck,
    metrics.syncsDue,
  ],
});

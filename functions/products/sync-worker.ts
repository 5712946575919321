import { setFlagsFromString } from 'node:v8';
import { syncQueue } from '../../shared/products/queue.ts';
import { syncAdapters } from '../../shared/products/sync/adapters.ts';
import { advanceSync } from '../../shared/products/sync/worker.ts';
import { handleBatch } from '../../shared/runtime/queues.ts';

// Collects garbage early: what a sync makes is large and gone with each page. NODE_OPTIONS refuses it.
setFlagsFromString('--optimize-for-size');

export const handler = handleBatch(syncQueue, (message, context) =>
  advanceSync(message, syncAdapters, () => context.getRemainingTimeInMillis()),
);

import { syncQueue } from '../../shared/products/queue.ts';
import { keepHeapSmall } from '../../shared/products/sync/small-heap.ts';
import { syncAdapters } from '../../shared/products/sync/sync-adapters.ts';
import { advanceSync } from '../../shared/products/sync/worker.ts';
import { handleBatch } from '../../shared/runtime/queues.ts';

keepHeapSmall();

export const handler = handleBatch(syncQueue, (message, context) =>
  advanceSync(message, syncAdapters, () => context.getRemainingTimeInMillis()),
);

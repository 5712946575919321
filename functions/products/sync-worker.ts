import { syncServices } from '../../shared/products/live-services.ts';
import { keepHeapSmall } from '../../shared/products/small-heap.ts';
import { syncQueue } from '../../shared/products/start-services.ts';
import { advanceSync } from '../../shared/products/sync-worker.ts';
import { handleBatch } from '../../shared/queues.ts';

keepHeapSmall();

export const handler = handleBatch(syncQueue, (message, context) =>
  advanceSync(message, syncServices, () => context.getRemainingTimeInMillis()),
);

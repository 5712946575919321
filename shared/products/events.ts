import type { EventKind } from '../contract/events.ts';

export const syncStarted: EventKind = {
  type: 'sync.started',
  description: 'A sync has begun. Data: `task_id`, `marketplaces`, `started_at`.',
};

export const syncCompleted: EventKind = {
  type: 'sync.completed',
  description:
    'A sync has ended. Data: `task_id`, `processed`, `created`, `changed`, `missing`, `duration_ms`, `completed_at`.',
};

export const syncFailed: EventKind = {
  type: 'sync.failed',
  description:
    'A sync has failed for one marketplace or more, whose products stay as they were. Data: `task_id`, `errors` (each with `marketplace`, `code`, `detail`), `error` (the first of them), `synced` (the marketplaces whose products are up to date all the same), `processed`, `created`, `changed`, `missing`, `failed_at`.',
};

export const productLowStock: EventKind = {
  type: 'product.low_stock',
  description:
    'The stock of a product fell below 10; at most 100 per sync. Data: `product_id`, `seller_article`, `total_stock`, `previous_stock`, `threshold`.',
};

import type { productEvents } from '../../shared/contract/products.ts';

/** Events of products that webhooks may ask for, in words for people. */
export const productEventWords: Readonly<Record<keyof typeof productEvents, string>> = {
  'sync.started': 'A sync of your products began.',
  'sync.completed': 'A sync ended, with how many products are new, changed or gone.',
  'sync.failed': 'A sync failed and changed nothing, with the reason.',
  'product.low_stock': 'The stock of a product fell below 10.',
};

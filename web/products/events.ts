import type { EventWords } from '../app/feature.ts';

/** Events of products that webhooks may ask for, in words for people. */
export const productEventWords: EventWords = {
  'sync.started': 'A sync of your products began.',
  'sync.completed': 'A sync ended, with how many products are new, changed or gone.',
  'sync.failed': 'A sync failed for a marketplace or as a whole, with the reason for each.',
  'product.low_stock': 'The stock of a product fell below 10.',
};

import type { EventWords } from './feature.ts';

/** The events of the core. */
export const coreEventWords: EventWords = {
  'tenant.updated': 'Your company was renamed.',
  'api_key.created': 'Somebody created an API key.',
  'api_key.deleted': 'Somebody deleted an API key.',
};

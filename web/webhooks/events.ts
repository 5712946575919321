/** Events that a webhook may ask for, each in words for people. */
export type EventWords = Readonly<Record<string, string>>;

/** Those of the core. */
export const coreEventWords: EventWords = {
  'tenant.updated': 'Your company was renamed.',
  'api_key.created': 'Somebody created an API key.',
  'api_key.deleted': 'Somebody deleted an API key.',
};

/** The chosen ones of the words' events. */
export function chosenEvents(words: EventWords, value: string | undefined): string[] {
  const chosen = new Set(value?.split(' '));
  return Object.keys(words).filter((type) => chosen.has(type));
}

import type { coreEvents } from '../../shared/contract/core-events.ts';
import type { EventType } from '../../shared/contract/events.ts';

/** Events that a webhook may ask for, each in words for people. */
export type EventWords = Readonly<Partial<Record<EventType, string>>>;

/** Those of the core. */
export const coreEventWords: Readonly<Record<keyof typeof coreEvents, string>> = {
  'tenant.updated': 'Your company was renamed.',
  'api_key.created': 'Somebody created an API key.',
  'api_key.deleted': 'Somebody deleted an API key.',
};

/** The chosen ones of the words' events. */
export function chosenEvents(words: EventWords, value: string | undefined): EventType[] {
  const chosen = new Set(value?.split(' '));
  return (Object.keys(words) as EventType[]).filter((type) => chosen.has(type));
}

import type { EventWords } from '../app/feature.ts';

/** The chosen ones of the words' events. */
export function chosenEvents(words: EventWords, value: string | undefined): string[] {
  const chosen = new Set(value?.split(' '));
  return Object.keys(words).filter((type) => chosen.has(type));
}

import { apiKeysPage } from './api-keys.ts';
import type { AccountPage } from './app.ts';
import { coreEventWords } from './events.ts';
import type { EventWords, WebFeature } from './feature.ts';
import { startPage } from './start.ts';
import { subscriptionPage } from './subscription.ts';

/** Pages for people who are signed in, in the order of the navigation. */
export function accountPagesOf(features: readonly WebFeature[]): readonly AccountPage[] {
  const pages = [...features.flatMap((feature) => feature.pages), apiKeysPage, subscriptionPage];
  return pages.some(({ path }) => path === startPage.path) ? pages : [startPage, ...pages];
}

/** All events that a tenant may hear of. */
export function eventWordsOf(features: readonly WebFeature[]): EventWords {
  return Object.assign({}, ...features.map(({ eventWords }) => eventWords), coreEventWords);
}

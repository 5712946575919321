import type { AccountPage } from './app.ts';

/** Events that a tenant may hear of, by their types, each in words for people. */
export type EventWords = Readonly<Record<string, string>>;

/** What the web app knows of a feature. Its `index.ts` exports one and imports its styles. */
export interface WebFeature {
  /** Name of its folder in every room. */
  readonly id: string;
  /**
   * Its pages, in the order of the navigation. One at `/` is the start page of the app, in place of
   * the core's.
   */
  readonly pages: readonly AccountPage[];
  /** Its events. */
  readonly eventWords?: EventWords;
}

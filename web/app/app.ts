import type { Role } from '../../shared/contract/endpoint.ts';
import type { Api } from './api.ts';
import type { EventWords } from './feature.ts';
import type { Session } from './session.ts';

export interface Notice {
  readonly kind: 'good' | 'bad';
  readonly text: string;
}

/** What every page may use. */
export interface App {
  readonly session: Session;
  readonly api: Api;
  /** All pages for people who are signed in. */
  readonly pages: readonly AccountPage[];
  /** All events that a tenant may hear of. */
  readonly eventWords: EventWords;
  /** Goes to another page of the app, with a notice at its top if there is something to say. */
  go(path: string, options?: { notice?: Notice; replace?: boolean }): void;
  /** Keeps the state of the page on the screen in the query of its address. */
  keep(query: string): void;
  /** Says something to people who listen to the page; the same text is visible elsewhere. */
  announce(text: string): void;
  /** Gives the page on the screen another title, once it knows what it is about. */
  retitle(title: string): void;
}

/** Something on the screen; `dispose` is called once it has left. */
export interface Content {
  readonly content: Node;
  readonly dispose?: () => void;
}

/** A page of the app. Its title is also the text of its first heading. */
export interface Page extends Content {
  readonly title: string;
}

/** A page for people who are signed in. */
export interface AccountPage {
  /** Its address; one that ends with `/` has a page for each id below it. */
  readonly path: string;
  readonly title: string;
  /** Roles it is for; default: all. */
  readonly roles?: readonly Role[];
  /** It is also there while the tenant is suspended or waits for its subscription. */
  readonly isForAnyStatus?: true;
  /** The page that it is below. Only pages that are below none are in the navigation. */
  readonly parent?: AccountPage;
  /** The page that sets up what this one shows. It leads here once that is done. */
  readonly setUpOn?: AccountPage;
  open(app: App, id: string): Content;
}

import type { Role } from '../shared/contract/endpoint.ts';
import type { Api } from './api.ts';
import type { Session } from './session.ts';

export interface Notice {
  readonly kind: 'good' | 'bad';
  readonly text: string;
}

/** What every page may use. */
export interface App {
  readonly session: Session;
  readonly api: Api;
  /** Goes to another page of the app, with a notice at its top if there is something to say. */
  go(path: string, options?: { notice?: Notice; replace?: boolean }): void;
  /** Says something to people who listen to the page; the same text is visible elsewhere. */
  announce(text: string): void;
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

/** A page for people who are signed in, with a place in the navigation. */
export interface AccountPage {
  readonly path: string;
  readonly title: string;
  /** Who finds it in the navigation; everybody unless told. */
  readonly roles?: readonly Role[];
  open(app: App): Content;
}

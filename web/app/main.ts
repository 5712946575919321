import '../style/style.css';
import { refresh } from '../../shared/identity/contract.ts';
import { card, heading, supportLink } from '../components/components.ts';
import { byId, fill, h, link } from '../components/dom.ts';
import { features } from '../features.ts';
import { accountPage, clearHeader } from './account.ts';
import { createApi } from './api.ts';
import type { AccountPage, App, Notice, Page } from './app.ts';
import { send } from './http.ts';
import { startMenu } from './menu.ts';
import { accountPagesOf, eventWordsOf } from './pages.ts';
import { claimTab, createSession, tabStorage } from './session.ts';
import { productName } from './settings.ts';
import { signInPage } from './sign-in.ts';
import { signUpPage } from './sign-up.ts';
import { leadToSubscription } from './subscription.ts';
import { keepTicket, welcomePage } from './welcome.ts';

const storage = tabStorage();

const session = createSession({
  storage,
  exchange: (refresh_token) => send(refresh, { body: { refresh_token } }),
  onEnd: (reason) => render({ notice: { kind: 'bad', text: reason } }),
});

const app: App = {
  session,
  api: createApi(session, () => leadToSubscription(app)),
  pages: accountPagesOf(features),
  eventWords: eventWordsOf(features),
  go(path, { notice, replace } = {}) {
    history[replace ? 'replaceState' : 'pushState'](null, '', path);
    render(notice && { notice });
  },
  keep(query) {
    history.replaceState(history.state, '', location.pathname + query);
    shownAddress = location.pathname + location.search;
  },
  announce: (text) => fill(byId('announcer'), text),
  retitle(title) {
    document.title = `${title} · ${productName}`;
    const heading = byId('main').querySelector('h1');
    if (heading) fill(heading, title);
  },
};

let current: Page | undefined;
let shownAddress: string | undefined;

function pageOf(path: string): Page {
  if (path === '/sign-up') return signUpPage(app);
  if (path === '/welcome') return welcomePage(app);
  const page = app.pages.find((candidate) => isPathOf(candidate, path));
  if (!page) return notFoundPage();
  if (!session.isOpen()) return signInPage(app, path + location.search);
  return accountPage(app, page, path.slice(page.path.length));
}

function isPathOf({ path }: AccountPage, asked: string): boolean {
  const isFolder = path !== '/' && path.endsWith('/');
  return isFolder ? asked.startsWith(path) && asked.length > path.length : asked === path;
}

/** Shows the page of the current address. */
function render({ notice, isFirst = false }: { notice?: Notice; isFirst?: boolean } = {}): void {
  const path = location.pathname.replace(/(.)\/$/, '$1');
  shownAddress = location.pathname + location.search;
  current?.dispose?.();
  if (!session.isOpen()) clearHeader();
  current = pageOf(path);
  document.title = `${current.title} · ${productName}`;
  fill(byId('notice'), notice && h('p', { class: `banner ${notice.kind}` }, notice.text));
  fill(byId('main'), current.content);
  if (isFirst) return;
  scrollTo(0, 0);
  byId('main').querySelector('h1')?.focus({ preventScroll: true });
}

function notFoundPage(): Page {
  const title = 'Page not found';
  return {
    title,
    content: card(
      heading(title),
      h('p', {}, 'There is nothing at this address.'),
      link('/', 'Go to the start page', { class: 'button primary' }),
    ),
  };
}

/** Follows links between the app's own pages without loading anything. */
function followLink(event: MouseEvent): void {
  const isPlainClick =
    event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const anchor = event.target instanceof Element ? event.target.closest('a') : null;
  if (!isPlainClick || !anchor || event.defaultPrevented || anchor.origin !== location.origin)
    return;
  const isOwn =
    ['/welcome', '/sign-up'].includes(anchor.pathname) ||
    app.pages.some((page) => isPathOf(page, anchor.pathname));
  if (!isOwn || anchor.hash !== '') return;
  event.preventDefault();
  app.go(anchor.pathname + anchor.search);
}

/** Back and forward. A jump within the page, as the skip link makes, is none of ours. */
function followHistory(): void {
  const isJump =
    shownAddress === location.pathname + location.search && !location.hash.startsWith('#ticket=');
  if (!isJump) render();
}

if (location.pathname.startsWith('/welcome')) keepTicket();
fill(byId('brand'), productName);
fill(byId('support'), 'Support: ', supportLink());
startMenu();
document.addEventListener('click', followLink);
addEventListener('popstate', followHistory);
void claimTab(storage, navigator.locks).finally(() => render({ isFirst: true }));

import { h, link } from '../components/dom.ts';
import type { AccountPage } from './app.ts';
import { hasRole } from './roles.ts';
import { productName } from './settings.ts';

/** What is at `/` while no feature has a page there: where the user may go. */
export const startPage: AccountPage = {
  path: '/',
  title: 'Start',
  open(app) {
    const pages = app.pages.filter(
      (page) => page !== startPage && !page.parent && hasRole(app, page.roles),
    );
    return {
      content: h(
        'section',
        { class: 'panel' },
        h('h2', {}, `Welcome to ${productName}`),
        h('p', { class: 'muted' }, 'Your account is ready. From here you can go to:'),
        h(
          'ul',
          {},
          pages.map((page) => h('li', {}, link(page.path, page.title))),
          h('li', {}, link('/docs', 'API docs')),
        ),
      ),
    };
  },
};

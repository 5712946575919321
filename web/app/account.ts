import { logout } from '../../shared/identity/contract.ts';
import { getMyTenant } from '../../shared/tenants/contract.ts';
import { badge, failure, heading } from '../components/components.ts';
import { byId, fill, h, link } from '../components/dom.ts';
import type { AccountPage, App, Content, Page } from './app.ts';
import type { AnswerOf } from './http.ts';
import { showMenu } from './menu.ts';
import { SessionEndedError } from './problem.ts';
import { hasRole } from './roles.ts';
import { leadToSubscription } from './subscription.ts';

type Tenant = AnswerOf<typeof getMyTenant>;

let known: Tenant | undefined;

/**
 * Frames a page with the tenant's name, status and plan. A tenant that is not active sees its
 * subscription instead, because the API would refuse the page's data.
 */
export function accountPage(app: App, page: AccountPage, id: string): Page {
  const body = h('div', { class: 'body' });
  let inner: Content | undefined;
  let isGone = false;

  async function load(): Promise<void> {
    fill(body, h('div', { class: 'skeleton' }));
    try {
      const tenant = cached(app) ?? (await app.api.call(getMyTenant));
      if (isGone) return;
      known = tenant.status === 'ACTIVE' ? tenant : undefined;
      showHeader(app, page, tenant);
      inner = openFor(tenant);
      if (!isGone) fill(body, inner.content);
    } catch (error) {
      if (isGone || error instanceof SessionEndedError) return;
      fill(body, failure(error, load));
    }
  }

  function openFor(tenant: Tenant): Content {
    if (tenant.status !== 'ACTIVE' && !page.isForAnyStatus) {
      leadToSubscription(app);
      return { content: h('div', {}) };
    }
    return hasRole(app, page.roles) ? page.open(app, id) : { content: notForYou(page) };
  }

  void load();
  const { parent } = page;
  return {
    title: page.title,
    content: h(
      'div',
      {},
      parent && link(parent.path, `‹ ${parent.title}`, { class: 'back' }),
      heading(page.title),
      body,
    ),
    dispose() {
      isGone = true;
      inner?.dispose?.();
    },
  };
}

/** Takes the tenant and the navigation out of the header. */
export function clearHeader(): void {
  showMenu(false);
  fill(byId('navigation'));
  fill(byId('account'));
}

function notForYou({ roles = [] }: AccountPage): Node {
  return h(
    'section',
    { class: 'panel' },
    h('h2', {}, 'This page is not for your role'),
    h('p', {}, `It is for these roles: ${roles.join(', ')}. Ask one of them in your company.`),
    link('/', 'Go to the start page', { class: 'button' }),
  );
}

function cached(app: App): Tenant | undefined {
  return known && known.id === app.session.claims()?.tenant_id ? known : undefined;
}

function showHeader(app: App, current: AccountPage, tenant: Tenant) {
  const visible = app.pages.filter((page) => !page.parent && hasRole(app, page.roles));
  const links = visible.map((page) =>
    link(page.path, page.title, {
      'aria-current': page === current ? 'page' : page === current.parent && 'true',
    }),
  );
  showMenu(true);
  fill(byId('navigation'), links, link('/docs', 'API docs'));
  fill(
    byId('account'),
    h('span', { class: 'tenant', title: tenant.id }, tenant.name ?? 'Your company'),
    tenant.plan !== null && badge(tenant.plan, 'plain'),
    tenant.status === 'ACTIVE'
      ? badge('Active', 'good')
      : badge(inactiveWords[tenant.status], 'warn'),
    h(
      'button',
      {
        type: 'button',
        class: 'quiet small',
        title: 'Ends your sessions on all devices',
        onclick: () => void signOut(app),
      },
      'Sign out',
    ),
  );
}

const inactiveWords = { PENDING_PROFILE: 'Being activated', SUSPENDED: 'Suspended' } as const;

async function signOut(app: App): Promise<void> {
  let text = 'You are signed out.';
  try {
    await app.api.call(logout);
  } catch (error) {
    if (error instanceof SessionEndedError) return;
    text =
      'You are signed out here. The service could not be told, so other devices may stay signed in.';
  }
  app.session.close();
  app.go('/', { notice: { kind: 'good', text } });
}

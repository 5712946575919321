import { updateCredentials } from '../../shared/channels/contract.ts';
import {
  dashboard,
  listProducts,
  lowStock,
  stockDistribution,
  topProducts,
} from '../../shared/products/contract.ts';
import type { AccountPage, App, Content } from '../app/app.ts';
import { SessionEndedError } from '../app/problem.ts';
import { mayCall } from '../app/roles.ts';
import { channelsPage } from '../channels/page.ts';
import { failure } from '../components/components.ts';
import { fill, h, link } from '../components/dom.ts';
import { clock, count } from '../components/format.ts';
import { part } from '../components/loading.ts';
import { distributionChart, figures, lowList, topList } from './figures.ts';
import { productFilters } from './filters.ts';
import {
  isNarrowed,
  type Listing,
  queryOf,
  readListing,
  usualListing,
  writeListing,
} from './listing.ts';
import { syncPanel } from './sync.ts';
import { productTable } from './table.ts';

const pageSize = 25;
const shortList = 5;

/** The products of the company as of the last sync. */
export const productsPage: AccountPage = {
  path: '/products',
  title: 'Products',
  setUpOn: channelsPage,
  open: openProducts,
};

function openProducts(app: App): Content {
  const { api } = app;
  const short = { limit: shortList };
  const parts = {
    figures: part((signal) => api.call(dashboard, { signal }), figures),
    distribution: part((signal) => api.call(stockDistribution, { signal }), distributionChart),
    low: part(
      (signal) => api.call(lowStock, { query: short, signal }),
      ({ items }) => lowList(items),
    ),
    top: part(
      (signal) => api.call(topProducts, { query: short, signal }),
      ({ items }) => topList(items),
    ),
  };
  const reload = () => {
    for (const each of Object.values(parts)) void each.load();
    void list();
  };
  const sync = syncPanel(app, reload);
  const status = h('p', { class: 'muted status', role: 'status' });
  const results = h('div', { class: 'results' }, h('div', { class: 'skeleton tall' }));
  const table = productTable((change) => go({ ...listing, page: 1, ...change }));
  let listing = readListing(location.search);
  const filters = productFilters(listing, (narrowing) => go({ ...listing, ...narrowing, page: 1 }));
  let running = new AbortController();

  const overview = h(
    'div',
    { class: 'stack' },
    h('section', { 'aria-label': 'Stock at a glance' }, parts.figures.element),
    h(
      'div',
      { class: 'overview' },
      h(
        'section',
        { class: 'panel' },
        h('h2', {}, 'Products by pieces in stock'),
        parts.distribution.element,
      ),
      h(
        'section',
        { class: 'panel' },
        h('h2', {}, 'Lowest stock'),
        parts.low.element,
        h('button', { type: 'button', class: 'small', onclick: showLow }, 'Show all that are low'),
      ),
      h('section', { class: 'panel' }, h('h2', {}, 'Most wanted'), parts.top.element),
    ),
  );
  const catalogue = h(
    'section',
    { class: 'catalogue' },
    h('h2', { tabindex: -1 }, 'All products'),
    h('div', { class: 'toolbar' }, filters.element, status),
    filters.problem,
    results,
  );
  const welcome = emptyState(app);

  /** The listing stays in the address, so that a reload, a link and the way back keep it. */
  function go(wanted: Listing): void {
    listing = wanted;
    app.keep(writeListing(listing));
    void list();
  }

  function showLow(): void {
    const low: Listing = { ...usualListing, show: 'low', sort: 'total_stock' };
    filters.set(low);
    go(low);
    catalogue.querySelector('h2')?.focus();
  }

  async function list(): Promise<void> {
    running.abort();
    const mine = new AbortController();
    running = mine;
    const asked = listing;
    results.setAttribute('aria-busy', 'true');
    try {
      const { signal } = mine;
      const page = await api.call(listProducts, { query: queryOf(asked, pageSize), signal });
      if (mine.signal.aborted) return;
      if (page.items.length === 0 && page.page > 1 && page.total_pages > 0) {
        return go({ ...asked, page: page.total_pages });
      }
      const isNone = page.total === 0 && !isNarrowed(asked);
      // Those that are no longer listed are not in the usual list, and are still something to see.
      const all = isNone && (await api.call(listProducts, { query: { page_size: 1 }, signal }));
      const hasNone = all && all.total === 0;
      if (mine.signal.aborted) return;
      overview.hidden = hasNone;
      catalogue.hidden = hasNone;
      welcome.hidden = !hasNone;
      table.show(page, asked);
      if (!table.element.isConnected) fill(results, table.element);
      fill(status, `${count(page.total, 'product')} · ${clock(new Date())}`);
    } catch (error) {
      if (mine.signal.aborted || error instanceof SessionEndedError) return;
      fill(status);
      fill(
        results,
        failure(error, () => void list()),
      );
    } finally {
      if (running === mine) results.removeAttribute('aria-busy');
    }
  }

  welcome.hidden = true;
  reload();
  return {
    content: h(
      'div',
      { class: 'stack' },
      sync.control,
      welcome,
      overview,
      catalogue,
      h('section', { class: 'panel' }, h('h2', {}, 'Last syncs'), sync.history),
    ),
    dispose() {
      running.abort();
      filters.dispose();
      sync.dispose();
      for (const each of Object.values(parts)) each.dispose();
    },
  };
}

/** What to do while there are no products. */
function emptyState(app: App): HTMLElement {
  return h(
    'section',
    { class: 'panel' },
    h('h2', {}, 'No products yet'),
    mayCall(app, updateCredentials)
      ? [
          h(
            'p',
            { class: 'lead' },
            'Connect Wildberries or Ozon, then sync: your products, prices and stocks appear here and are kept up to date by themselves.',
          ),
          link(channelsPage.path, 'Connect a marketplace', { class: 'button primary' }),
        ]
      : h(
          'p',
          { class: 'lead' },
          'Owners and admins connect the marketplaces that you sell on. Ask one of them.',
        ),
  );
}

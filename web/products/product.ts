import { getProduct, getProductHistory } from '../../shared/products/contract.ts';
import type { AccountPage, App, Content } from '../app/app.ts';
import { marketplaceNames } from '../channels/names.ts';
import { type Point, stepChart } from '../charts/steps.ts';
import { action, badge, facts, problemPlace } from '../components/components.ts';
import { type Child, fill, h } from '../components/dom.ts';
import { count, money, number, time } from '../components/format.ts';
import { part } from '../components/loading.ts';
import { stockText, stockTone } from './figures.ts';
import { productsPage } from './page.ts';
import type { Product, ProductChange } from './types.ts';

const changesPerPage = 100;

/** One product, and how its stock and price have changed. */
export const productPage: AccountPage = {
  path: '/products/',
  title: 'Product',
  parent: productsPage,
  open: openProduct,
};

function openProduct(app: App, id: string): Content {
  const history = (signal: AbortSignal, cursor?: string) =>
    app.api.call(getProductHistory, {
      path: { id },
      query: { limit: changesPerPage, cursor },
      signal,
    });
  const left = new AbortController();
  const whole = part(
    async (signal) => {
      const [product, first] = await Promise.all([
        app.api.call(getProduct, { path: { id }, signal }),
        history(signal),
      ]);
      return { product, first };
    },
    ({ product, first }) => {
      app.retitle(product.product_name || product.seller_article);
      return h(
        'div',
        { class: 'product-page' },
        particulars(product),
        changes(product, first.items, first.next_cursor),
      );
    },
  );

  function changes(product: Product, first: readonly ProductChange[], next: string | null): Child {
    const problem = problemPlace();
    const charts = h('div', { class: 'stack' });
    let all = first;
    let cursor = next;
    const more = action(
      'Load older changes',
      async () => {
        if (cursor === null) return;
        const page = await history(left.signal, cursor);
        all = [...all, ...page.items];
        cursor = page.next_cursor;
        draw();
      },
      { problem, class: 'small' },
    );

    function draw(): void {
      more.hidden = cursor === null;
      fill(charts, chartsOf(product, all));
    }

    draw();
    return h('div', { class: 'stack' }, charts, problem, more);
  }

  void whole.load();
  return {
    content: whole.element,
    dispose() {
      left.abort();
      whole.dispose();
    },
  };
}

function particulars(product: Product): HTMLElement {
  const stock = (amount: number | null) => (amount === null ? undefined : number(amount));
  const optional = (name: string, value: string | null | undefined) =>
    value ? ([name, value] as const) : false;
  return h(
    'section',
    { class: 'panel' },
    h('h2', {}, 'Now'),
    product.missing_since !== null &&
      h('p', {}, badge('No longer listed', 'warn'), ' since ', time(product.missing_since)),
    h(
      'p',
      { class: 'now' },
      h('span', { class: stockTone(product.total_stock) }, stockText(product.total_stock)),
      ' in stock',
      product.price !== null && [', ', money(product.price)],
    ),
    facts(
      ['Marketplace', marketplaceNames[product.marketplace]],
      ['Article there', h('code', {}, product.marketplace_article)],
      ['Your article', h('code', {}, product.seller_article)],
      optional('Brand', product.brand),
      optional('Category', product.category),
      ['Available', stockText(product.available_stock)],
      optional('Reserved', stock(product.reserved_stock)),
      optional('To customers', stock(product.in_way_to_client)),
      optional('Coming back', stock(product.in_way_from_client)),
      product.barcodes.length > 0 && ['Barcodes', h('code', {}, product.barcodes.join(', '))],
      ['Known since', time(product.created_at, 'day')],
      ['Last change', time(product.updated_at)],
    ),
  );
}

function chartsOf(product: Product, changes: readonly ProductChange[]): Child {
  const until = new Date().toISOString();
  const oldest = changes.at(-1);
  const stockPoint = (at: string, value: number | null): Point => ({
    at,
    value,
    text: stockText(value),
  });
  const pricePoint = (at: string, price: Product['price']): Point => ({
    at,
    value: price === null ? null : Number(price.amount),
    text: price === null ? 'no price' : money(price),
  });
  const upwards = changes.toReversed();
  const start = oldest && oldest.at > product.created_at ? product.created_at : undefined;
  const stocks = [
    ...(start && oldest ? [stockPoint(start, oldest.previous_stock)] : []),
    ...upwards.map(({ at, stock }) => stockPoint(at, stock)),
  ];
  const prices = [
    ...(start && oldest ? [pricePoint(start, oldest.previous_price)] : []),
    ...upwards.map(({ at, price }) => pricePoint(at, price)),
  ];
  if (changes.length === 0) {
    stocks.push(stockPoint(product.created_at, product.total_stock));
    prices.push(pricePoint(product.created_at, product.price));
  }
  const currency = product.price?.currency ?? oldest?.previous_price?.currency;
  const said =
    changes.length === 0
      ? 'No sync has seen a change yet.'
      : `${count(changes.length, 'change')} of stock or price. They are kept for 90 days.`;
  return [
    h(
      'section',
      { class: 'panel' },
      h('h2', {}, 'Stock'),
      h('p', { class: 'muted' }, said),
      stepChart(
        {
          title: 'Stock over time',
          description: `From ${stocks[0]?.text} to ${stocks.at(-1)?.text}. ${said}`,
        },
        distinct(stocks),
        { until, valueHeading: 'Stock' },
      ),
    ),
    h(
      'section',
      { class: 'panel' },
      h('h2', {}, currency ? `Price in ${currency}` : 'Price'),
      stepChart(
        {
          title: 'Price over time',
          description: `From ${prices[0]?.text} to ${prices.at(-1)?.text}. ${said}`,
        },
        distinct(prices),
        { until, valueHeading: 'Price' },
      ),
    ),
  ];
}

/** Points at which the value is another than before: a change of the price is none of the stock. */
function distinct(points: readonly Point[]): Point[] {
  return points.filter(({ text }, index) => index === 0 || text !== points[index - 1]?.text);
}

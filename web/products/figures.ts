import { columnChart } from '../charts/columns.ts';
import { type Child, h, link } from '../components/dom.ts';
import { number, percent } from '../components/format.ts';
import type { Dashboard, ProductSummary, StockDistribution, TopProduct } from './types.ts';

/** The stock in six figures. */
export function figures(dashboard: Dashboard): HTMLElement {
  const { low_stock_count: low, out_of_stock_count: out, missing_count: missing } = dashboard;
  return h(
    'dl',
    { class: 'figures' },
    figure('Products', number(dashboard.total_products)),
    figure(
      'Pieces in stock',
      number(dashboard.total_stock),
      `${number(Math.round(dashboard.average_stock_per_product))} on average`,
    ),
    figure('Low, 1 to 9', number(low), undefined, low > 0 ? 'warn' : ''),
    figure('Sold out', number(out), undefined, out > 0 ? 'bad' : ''),
    figure('Well stocked', percent(dashboard.health_score / 100), 'neither low nor sold out'),
    figure('No longer listed', number(missing), 'gone from the marketplace'),
  );
}

function figure(name: string, value: string, note?: string, tone = ''): HTMLElement {
  return h(
    'div',
    { class: `figure ${tone}` },
    h('dt', {}, name),
    h(
      'dd',
      {},
      h('span', { class: 'figure-value' }, value),
      note !== undefined && h('small', {}, note),
    ),
  );
}

/** How many products have how much stock. */
export function distributionChart(distribution: StockDistribution): HTMLElement {
  const columns = [
    { label: '0', value: distribution.out_of_stock, tone: 'bad' },
    { label: '1-5', value: distribution.critical, tone: 'warn' },
    { label: '6-20', value: distribution.low },
    { label: '21-50', value: distribution.medium },
    { label: '51-100', value: distribution.good },
    { label: '101+', value: distribution.excellent },
  ] as const;
  const description = columns
    .map(({ label, value }) => `${number(value)} with ${label}`)
    .join(', ');
  return columnChart(
    { title: 'Products by their stock', description: `${description}.` },
    columns,
    { labelHeading: 'Pieces in stock', valueHeading: 'Products', height: 220 },
  );
}

/** The products with the least stock, each a link to its page. */
export function lowList(items: readonly ProductSummary[]): Child {
  if (items.length === 0) return h('p', { class: 'muted' }, 'No product is low.');
  const stock = ({ total_stock }: ProductSummary) =>
    h('span', { class: stockTone(total_stock) }, stockText(total_stock));
  return productList(items.map((product) => [product, stock(product)]));
}

/** The products that buyers want most, with how many they have ordered and how many there are. */
export function topList(items: readonly TopProduct[]): Child {
  if (items.length === 0) return h('p', { class: 'muted' }, 'Nothing is on its way to buyers.');
  const ordered = ({ units_ordered, total_stock }: TopProduct) => [
    h('span', { class: 'stock' }, `${number(units_ordered)} ordered`),
    h('span', { class: `sub ${stockTone(total_stock)}` }, `${stockText(total_stock)} in stock`),
  ];
  return productList(items.map((product) => [product, h('span', {}, ordered(product))]));
}

function productList(items: readonly (readonly [ProductSummary, HTMLElement])[]): HTMLElement {
  return h(
    'ol',
    { class: 'stock-list' },
    items.map(([{ id, product_name, seller_article }, figure]) =>
      h('li', {}, link(`/products/${id}`, product_name || seller_article), figure),
    ),
  );
}

/** A stock as a number, if it is known. */
export const stockText = (stock: number | null): string =>
  stock === null ? 'unknown' : number(stock);

/** How worried a stock should make its seller. */
export function stockTone(stock: number | null): string {
  if (stock === null) return 'stock muted';
  if (stock === 0) return 'stock bad';
  return stock < 10 ? 'stock warn' : 'stock';
}

import { marketplaceNames } from '../channels/names.ts';
import { badge } from '../components/components.ts';
import { type Child, fill, h, link } from '../components/dom.ts';
import { money, number, time } from '../components/format.ts';
import { stockText, stockTone } from './figures.ts';
import type { Listing, SortColumn } from './listing.ts';
import type { ProductPage, ProductSummary } from './types.ts';

interface ColumnWords {
  readonly name: string;
  readonly sort?: SortColumn;
  readonly isNumber?: true;
}

const columns: readonly ColumnWords[] = [
  { name: 'Product', sort: 'product_name' },
  { name: 'Your article', sort: 'seller_article' },
  { name: 'Marketplace', sort: 'marketplace_article' },
  { name: 'Price', sort: 'price', isNumber: true },
  { name: 'Stock', sort: 'total_stock', isNumber: true },
  { name: 'Changed', sort: 'updated_at' },
];

export interface ProductTable {
  readonly element: HTMLElement;
  show(page: ProductPage, listing: Listing): void;
}

/** A page of products. What its headings and its foot ask for goes to `onChange`. */
export function productTable(
  onChange: (change: Pick<Listing, 'sort' | 'order'> | Pick<Listing, 'page'>) => void,
): ProductTable {
  const head = h('tr', { role: 'row' });
  const rows = h('tbody', { role: 'rowgroup' });
  const foot = h('div', { class: 'table-foot' });
  const sortId = 'sort-products';

  function headings(listing: Listing): HTMLElement[] {
    return columns.map(({ name, sort, isNumber }) => {
      const isSorted = sort === listing.sort;
      const order = isSorted && listing.order === 'asc' ? 'desc' : 'asc';
      const direction = listing.order === 'asc' ? 'ascending' : 'descending';
      const button =
        sort &&
        h(
          'button',
          {
            type: 'button',
            class: 'sort',
            'data-sort': sort,
            onclick: () => onChange({ sort, order }),
          },
          name,
          isSorted && h('span', { 'aria-hidden': 'true' }, listing.order === 'asc' ? ' ↑' : ' ↓'),
        );
      return h(
        'th',
        {
          role: 'columnheader',
          scope: 'col',
          class: isNumber && 'number',
          'aria-sort': isSorted && direction,
        },
        button ?? name,
      );
    });
  }

  /** On narrow screens there are no headings to press. */
  function sortChoice(listing: Listing): HTMLElement {
    const select = h('select', {
      id: sortId,
      onchange: () => {
        const [name, order] = select.value.split(' ');
        const sort = columns.find((column) => column.sort === name)?.sort;
        if (sort) onChange({ sort, order: order === 'desc' ? 'desc' : 'asc' });
      },
    });
    for (const { name, sort } of columns) {
      for (const [order, words] of [
        ['asc', 'lowest first'],
        ['desc', 'highest first'],
      ] as const) {
        const isSelected = sort === listing.sort && order === listing.order;
        select.append(
          h('option', { value: `${sort} ${order}`, selected: isSelected }, `${name}, ${words}`),
        );
      }
    }
    return h('div', { class: 'sort-choice' }, h('label', { for: sortId }, 'Sort by'), select);
  }

  function pager({ page, total_pages: pages }: ProductPage): Child {
    if (pages <= 1) return undefined;
    const turn = (to: number, text: string) =>
      h(
        'button',
        {
          type: 'button',
          class: 'small',
          'data-turn': text,
          disabled: to < 1 || to > pages,
          onclick: () => onChange({ page: to }),
        },
        text,
      );
    return [
      turn(page - 1, 'Previous'),
      h('span', {}, `Page ${number(page)} of ${number(pages)}`),
      turn(page + 1, 'Next'),
    ];
  }

  const sortPlace = h('div', {});
  const element = h(
    'div',
    {},
    sortPlace,
    h(
      'div',
      { class: 'panel flush' },
      h(
        'table',
        { role: 'table', class: 'cards products' },
        h('caption', { class: 'hidden' }, 'Products'),
        h('thead', { role: 'rowgroup' }, head),
        rows,
      ),
      foot,
    ),
  );

  return {
    element,
    show(page, listing) {
      const focused = document.activeElement;
      const { sort, turn } = focused instanceof HTMLElement ? focused.dataset : {};
      const hadSelect = focused?.id === sortId;
      fill(head, headings(listing));
      fill(sortPlace, sortChoice(listing));
      fill(rows, page.items.map(row));
      fill(foot, page.items.length === 0 ? 'No product matches.' : pager(page));
      foot.hidden = page.items.length > 0 && page.total_pages <= 1;
      if (sort) head.querySelector<HTMLElement>(`[data-sort="${sort}"]`)?.focus();
      if (turn) {
        const same = foot.querySelector<HTMLButtonElement>(`[data-turn="${turn}"]:enabled`);
        (same ?? foot.querySelector<HTMLButtonElement>('button:enabled'))?.focus();
      }
      if (hadSelect) sortPlace.querySelector('select')?.focus();
    },
  };
}

function row(product: ProductSummary): HTMLElement {
  const cell = (name: string, ...content: Child[]) =>
    h('td', { role: 'cell', class: `cell-${name}` }, ...content);
  const { missing_since: missing } = product;
  const kind = [product.brand, product.category].filter(Boolean).join(' · ');
  return h(
    'tr',
    { role: 'row', 'data-id': product.id },
    cell(
      'product',
      link(`/products/${product.id}`, product.product_name || product.seller_article),
      missing !== null && [' ', badge('No longer listed', 'warn')],
      kind !== '' && h('span', { class: 'sub' }, kind),
    ),
    cell('article', h('code', {}, product.seller_article)),
    cell(
      'marketplace',
      marketplaceNames[product.marketplace],
      h('span', { class: 'sub' }, h('code', {}, product.marketplace_article)),
    ),
    cell('price number', product.price === null ? '–' : money(product.price)),
    cell(
      'stock number',
      h('span', { class: stockTone(product.total_stock) }, stockText(product.total_stock)),
      product.reserved_stock !== null &&
        product.reserved_stock > 0 &&
        h('span', { class: 'sub' }, `${number(product.reserved_stock)} reserved`),
    ),
    cell('changed', time(product.updated_at, 'day')),
  );
}

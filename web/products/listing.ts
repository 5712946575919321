import type { ProductQuery } from './types.ts';

const sorts = [
  'updated_at',
  'product_name',
  'seller_article',
  'marketplace_article',
  'total_stock',
  'price',
] as const;

export type SortColumn = (typeof sorts)[number];

/** Which products to show: `listed` are those that the marketplaces have. */
export type Shown = 'listed' | 'low' | 'missing' | 'all';

/** What the list of products is asked for, as the page's address keeps it. */
export interface Listing {
  readonly search: string;
  readonly show: Shown;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly sort: SortColumn;
  readonly order: 'asc' | 'desc';
  readonly page: number;
}

export const usualListing: Listing = {
  search: '',
  show: 'listed',
  min: undefined,
  max: undefined,
  sort: 'product_name',
  order: 'asc',
  page: 1,
};

/** Reads the query of an address; what makes no sense in it is as usual. */
export function readListing(search: string): Listing {
  const query = new URLSearchParams(search);
  const show = query.get('show');
  return {
    search: (query.get('search') ?? '').slice(0, 200),
    show: show === 'low' || show === 'missing' || show === 'all' ? show : usualListing.show,
    min: wholeNumber(query.get('min')),
    max: wholeNumber(query.get('max')),
    sort: sorts.find((sort) => sort === query.get('sort')) ?? usualListing.sort,
    order: query.get('order') === 'desc' ? 'desc' : 'asc',
    page: Math.max(1, wholeNumber(query.get('page')) ?? 1),
  };
}

/** The query of an address that `readListing` reads the same from; what is usual is not in it. */
export function writeListing(listing: Listing): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(listing)) {
    const isUsual = value === usualListing[name as keyof Listing];
    if (value !== undefined && !isUsual) query.set(name, String(value));
  }
  return query.size === 0 ? '' : `?${query}`;
}

/** The listing as the API is asked for it. */
export function queryOf(listing: Listing, pageSize: number): ProductQuery {
  const { search, show, min, max, sort, order, page } = listing;
  const isLow = show === 'low';
  return {
    page,
    page_size: pageSize,
    sort_by: sort,
    sort_order: order,
    ...(search !== '' && { search }),
    ...(isLow && { low_stock_only: true }),
    ...(!isLow && min !== undefined && { min_stock: min }),
    ...(!isLow && max !== undefined && { max_stock: max }),
    ...(show !== 'all' && { missing: show === 'missing' }),
  };
}

/** Whether it leaves out products that would be shown otherwise. */
export function isNarrowed({ search, show, min, max }: Listing): boolean {
  return search !== '' || show !== usualListing.show || min !== undefined || max !== undefined;
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

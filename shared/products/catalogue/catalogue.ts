import { busy } from '../../contract/core-errors.ts';
import { AppError } from '../../contract/errors.ts';
import { TtlCache } from '../../runtime/ttl-cache.ts';
import { isForgotten, lowStock, type Row, rowKey } from '../product.ts';
import { readSegments } from './segments.ts';
import { readCurrent, readManifest } from './versions.ts';

export const sortColumns = [
  'updated_at',
  'product_name',
  'seller_article',
  'marketplace_article',
  'total_stock',
  'price',
] as const;
export type SortColumn = (typeof sortColumns)[number];
/** Sort orders of the API, and those of our own lists. */
type OrderColumn = SortColumn | 'units_ordered';

export interface Filters {
  search?: string | undefined;
  min_stock?: number | undefined;
  max_stock?: number | undefined;
  low_stock_only: boolean;
  missing?: boolean | undefined;
}

/** The products of a tenant as they were published, with what finding and sorting them needs. */
export class Catalogue {
  readonly version: string | undefined;
  readonly #rows: readonly Row[];
  /** The searched text of each row, by ordinal. */
  #texts: readonly string[] | undefined;
  readonly #orders = new Map<OrderColumn, Uint32Array>();
  /** Matches of the last searches: further pages of one search cost nothing. */
  readonly #matches = new TtlCache<Uint32Array>({
    maxAgeMs: Number.POSITIVE_INFINITY,
    maxWeight: maxMatches,
  });

  constructor(version: string | undefined, rows: readonly Row[]) {
    this.version = version;
    this.#rows = rows;
  }

  get size(): number {
    return this.#rows.length;
  }

  row(ordinal: number): Row {
    const row = this.#rows[ordinal];
    if (!row) throw new Error('The catalogue has no such row');
    return row;
  }

  /** Ordinals of the products that match, in ascending order of the column, the external id second. */
  find(filters: Filters, column: OrderColumn): Uint32Array {
    const key = JSON.stringify([column, ...Object.entries(filters).sort()]);
    const found = this.#matches.get(key) ?? this.#sort(this.#select(filters), column);
    // Also when it was known: the search used last stays longest.
    this.#matches.set(key, found);
    return found;
  }

  /** Undefined means all of them. */
  #select({ search, ...filters }: Filters): number[] | undefined {
    const term = search === undefined ? '' : fold(search);
    const isWanted = toPredicate(filters);
    if (term === '' && !isWanted) return undefined;
    const found = term === '' ? Array.from(this.#rows.keys()) : this.#containing(term);
    return isWanted ? found.filter((ordinal) => isWanted(this.row(ordinal))) : found;
  }

  #containing(term: string): number[] {
    this.#texts ??= this.#rows.map(textOf);
    const found: number[] = [];
    this.#texts.forEach((text, ordinal) => {
      if (text.includes(term)) found.push(ordinal);
    });
    return found;
  }

  #sort(selected: number[] | undefined, column: OrderColumn): Uint32Array {
    if (selected && selected.length <= maxSortedAlone)
      return Uint32Array.from(selected.sort((a, b) => compare(this.row(a), this.row(b), column)));
    const order = this.#orderOf(column);
    if (!selected) return order;
    const wanted = new Uint8Array(this.#rows.length);
    for (const ordinal of selected) wanted[ordinal] = 1;
    return order.filter((ordinal) => wanted[ordinal] === 1);
  }

  #orderOf(column: OrderColumn): Uint32Array {
    const known = this.#orders.get(column);
    if (known) return known;
    // Values are read once: of 100,000 prices the sort would read each some 30 times.
    const read = readers[column];
    const values = this.#rows.map((row) => read(row));
    const order = Uint32Array.from(this.#rows.keys()).sort(
      (a, b) =>
        compareValues(values[a] ?? 0, values[b] ?? 0) || compareIds(this.row(a), this.row(b)),
    );
    this.#orders.set(column, order);
    return order;
  }
}

const maxMatches = 16;
/** Up to this many matches are sorted by themselves; more are picked out of the whole order. */
const maxSortedAlone = 2000;

/** Letters of one case; white space and control characters in a row as one space, none at the ends. */
function fold(text: string): string {
  const folded = text.normalize('NFC').toLowerCase();
  // Most texts have single spaces only: looking for others is faster than replacing all.
  const spaced = /[^\S ]|\p{Cc}| {2}/u.test(folded) ? folded.replace(/[\s\p{Cc}]+/gu, ' ') : folded;
  return spaced.trim();
}

/** The searched text of a row: both articles and the name, separated. */
const textOf = ([, externalId, sellerSku, name]: Row): string =>
  // Joined texts are flat; concatenated ones would be flattened by the first search.
  [fold(externalId), fold(sellerSku), fold(name)].join('\n');

function toPredicate({
  min_stock,
  max_stock,
  low_stock_only,
  missing,
}: Omit<Filters, 'search'>): ((row: Row) => boolean) | undefined {
  // As in the older API: low_stock_only replaces the other two.
  const min = low_stock_only ? undefined : min_stock;
  const max = low_stock_only ? lowStock - 1 : max_stock;
  if (min === undefined && max === undefined && missing === undefined) return undefined;
  return (row) => {
    const stock = row[stockColumn];
    // What is unknown is neither low nor enough.
    if (min !== undefined && (stock === null || stock < min)) return false;
    if (max !== undefined && (stock === null || stock > max)) return false;
    return missing === undefined || (row[missingColumn] !== 0) === missing;
  };
}

const stockColumn = 10;
const missingColumn = 15;

/** Units that buyers have ordered and do not have yet: reserved, or on their way to them. */
export function unitsOrdered(row: Row): number {
  return (row[11] ?? 0) + (row[12] ?? 0);
}

const readers = {
  updated_at: (row) => row[14],
  product_name: (row) => row[3],
  seller_article: (row) => row[2],
  marketplace_article: (row) => row[1],
  total_stock: (row) => row[stockColumn] ?? Number.NEGATIVE_INFINITY,
  price: (row) => (row[8] === 0 ? Number.NEGATIVE_INFINITY : Number(row[8])),
  units_ordered: unitsOrdered,
} as const satisfies Record<OrderColumn, (row: Row) => string | number>;

/** The value of a product that its place in an order goes by. */
export const sortValue = (row: Row, column: SortColumn): string | number => readers[column](row);

export function compare(a: Row, b: Row, column: OrderColumn): number {
  const read = readers[column];
  return compareValues(read(a), read(b)) || compareIds(a, b);
}

const compareIds = (a: Row, b: Row): number => compareValues(a[1], b[1]) || a[0] - b[0];

function compareValues(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Maximum rows of all catalogues that a container keeps. */
const maxCachedRows = 400_000;
/** By tenant, weighed by rows. Published versions never change, so their age does not matter. */
const cached = new TtlCache<Promise<Catalogue>>({
  maxAgeMs: Number.POSITIVE_INFINITY,
  maxWeight: maxCachedRows,
});

/**
 * The tenant's published catalogue. The version is one small read; the products
 * themselves are read once for each version and container.
 */
export async function currentCatalogue(tenantId: string): Promise<Catalogue> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const version = (await readCurrent(tenantId))?.version;
    if (version === undefined) return new Catalogue(undefined, []);
    const known = cached.get(tenantId);
    const catalogue = await known?.catch(() => undefined);
    if (known && catalogue?.version === version) {
      cached.set(tenantId, known, catalogue.size);
      return catalogue;
    }
    const loading = load(tenantId, version);
    cached.set(tenantId, loading, 0);
    try {
      const loaded = await loading;
      cached.set(tenantId, loading, loaded.size);
      return loaded;
    } catch (error) {
      cached.delete(tenantId);
      if (!(error instanceof ReplacedVersion)) throw error;
    }
  }
  throw new AppError(busy, { headers: { 'retry-after': '1' } });
}

/** A sync published another version while this one was read. */
class ReplacedVersion extends Error {
  override readonly name = 'ReplacedVersion';
}

async function load(tenantId: string, version: string): Promise<Catalogue> {
  const manifest = await readManifest(tenantId, version);
  if (!manifest) throw new ReplacedVersion();
  const newest = new Map<string, Row>();
  try {
    for await (const rows of readSegments(tenantId, manifest.segments))
      for (const row of rows) newest.set(rowKey(row), row);
  } catch (cause) {
    const now = await readCurrent(tenantId);
    throw now?.version === version ? cause : new ReplacedVersion();
  }
  const nowMs = Date.now();
  const rows = [...newest.values()].filter((row) => !isForgotten(row[missingColumn], nowMs));
  return new Catalogue(version, rows);
}

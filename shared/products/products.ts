import { createHash } from 'node:crypto';
import { invalidCursor, notFound } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { openCursor, sealCursor } from '../runtime/cursors.ts';
import { getItem, query } from '../table/table.ts';
import {
  type Catalogue,
  compare,
  currentCatalogue,
  type Filters,
  type SortColumn,
  sortValue,
  unitsOrdered,
} from './catalogue/catalogue.ts';
import { productKeys } from './keys.ts';
import {
  fromRow,
  isForgotten,
  type Product,
  ProductChangeItem,
  ProductItem,
  productIdOf,
  type Row,
} from './product.ts';

export interface ListQuery extends Filters {
  page: number;
  page_size: number;
  sort_by: SortColumn;
  sort_order: 'asc' | 'desc';
  cursor?: string | undefined;
}

type Loose<T> = { [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] };

/** A product as lists show it. */
function toSummary(id: string, product: Loose<Product>) {
  const { stock, reserved = 0 } = product;
  return {
    id,
    marketplace: product.marketplace,
    marketplace_article: product.external_id,
    seller_article: product.seller_sku,
    product_name: product.name,
    brand: product.brand ?? null,
    category: product.category ?? null,
    image_url: product.image_url ?? null,
    price: product.price ?? null,
    total_stock: stock,
    reserved_stock: product.reserved ?? null,
    available_stock: stock === null ? null : Math.max(0, stock - reserved),
    in_way_to_client: product.in_transit_to ?? null,
    in_way_from_client: product.in_transit_from ?? null,
    updated_at: product.updated_at,
    missing_since: product.missing_since ?? null,
  };
}
export type ProductSummary = ReturnType<typeof toSummary>;

function summaryOf(tenantId: string, row: Row): ProductSummary {
  const product = fromRow(row);
  return toSummary(productIdOf(tenantId, product.marketplace, product.external_id), product);
}

/** One page of the tenant's products, by its number or from a cursor. Throws `invalid_cursor`. */
export async function listProducts(
  tenantId: string,
  { page, page_size, sort_by, sort_order, cursor, ...filters }: ListQuery,
) {
  const scope = {
    tenantId,
    list: 'products',
    filters: { ...filters, sort_by, sort_order },
  };
  const after = cursor === undefined ? undefined : toPosition(await openCursor(scope, cursor));
  const catalogue = await currentCatalogue(tenantId);
  const found = catalogue.find(filters, sort_by);
  const at = (place: number) =>
    catalogue.row(found[sort_order === 'asc' ? place : found.length - 1 - place] ?? -1);

  const start = after
    ? placeAfter(after, catalogue, found, sort_by, sort_order)
    : (page - 1) * page_size;
  const end = Math.min(found.length, start + page_size);
  const rows = Array.from({ length: Math.max(0, end - start) }, (_, index) => at(start + index));
  const last = end < found.length ? rows.at(-1) : undefined;
  return {
    items: rows.map((row) => summaryOf(tenantId, row)),
    total: found.length,
    page: after ? Math.floor(start / page_size) + 1 : page,
    page_size,
    total_pages: Math.ceil(found.length / page_size),
    next_cursor: last ? await sealCursor(scope, { row: positionOf(last, sort_by) }) : null,
  };
}

/**
 * Channel, external id and the value that the order goes by. Of a long text that is its
 * beginning and the hash of the whole, so that a cursor is never longer than the contract allows.
 */
type Position = [channel: number, externalId: string, value: string | number | null, hash?: string];
const sealedCharacters = 200;

const hashOf = (value: string | number): string =>
  createHash('sha256').update(String(value)).digest('base64url');

function positionOf(row: Row, column: SortColumn): Position {
  const [channel, externalId] = row;
  const value = sortValue(row, column);
  if (typeof value === 'string' && value.length > sealedCharacters)
    return [channel, externalId, value.slice(0, sealedCharacters), hashOf(value)];
  // JSON has no infinity, which represents a product without a price.
  const isPlain = typeof value === 'string' || Number.isFinite(value);
  return [channel, externalId, isPlain ? value : null];
}

function toPosition({ row }: Record<string, unknown>): Position {
  if (!Array.isArray(row) || row.length < 3 || row.length > 4) throw new AppError(invalidCursor);
  return row as Position;
}

/** The place of the first product behind the position, which itself may be gone or elsewhere now. */
function placeAfter(
  position: Position,
  catalogue: Catalogue,
  found: Uint32Array,
  column: SortColumn,
  order: 'asc' | 'desc',
): number {
  const probe = rowAt(position, catalogue, found, column) ?? probeRow(position, column, order);
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const difference = compare(catalogue.row(found[middle] ?? -1), probe, column);
    if (difference < 0 || (difference === 0 && order === 'asc')) low = middle + 1;
    else high = middle;
  }
  return order === 'asc' ? low : found.length - low;
}

/** The product of a position with a long text, while it still has that text. */
function rowAt(
  [channel, externalId, , hash]: Position,
  catalogue: Catalogue,
  found: Uint32Array,
  column: SortColumn,
): Row | undefined {
  if (hash === undefined) return undefined;
  const ordinal = found.find((candidate) => {
    const row = catalogue.row(candidate);
    return row[1] === externalId && row[0] === channel;
  });
  if (ordinal === undefined) return undefined;
  const row = catalogue.row(ordinal);
  return hashOf(sortValue(row, column)) === hash ? row : undefined;
}

/**
 * A row that stands in the order where the position is, or before everything that has the same
 * beginning: rather a product twice than none of it.
 */
function probeRow(
  [channel, externalId, value, hash]: Position,
  column: SortColumn,
  order: 'asc' | 'desc',
): Row {
  const end = hash !== undefined && order === 'desc' ? '\uffff' : '';
  const text = (of: SortColumn) => (column === of ? String(value) + end : '');
  const amount = column === 'price' && value !== null ? String(value) : 0;
  const stock = column === 'total_stock' && value !== null ? Number(value) : null;
  return [
    channel,
    externalId,
    text('seller_article'),
    text('product_name'),
    0,
    0,
    0,
    [],
    amount,
    0,
    stock,
    null,
    null,
    null,
    text('updated_at'),
    0,
  ];
}

/** A product of the tenant with everything that is known of it. Throws `not_found`. */
export async function getProduct(tenantId: string, productId: string) {
  const product = await readProduct(tenantId, productId);
  return {
    ...toSummary(product.id, product),
    barcodes: product.barcodes,
    created_at: product.created_at,
  };
}

async function readProduct(tenantId: string, productId: string): Promise<ProductItem> {
  const item = await getItem(productKeys.product(tenantId, productId));
  const product = item && ProductItem.parse(item);
  if (!product || isForgotten(product.missing_since, Date.now()))
    throw new AppError(notFound, { detail: 'There is no such product.' });
  return product;
}

/** Changes of a product's stock and price in the last 90 days, newest first. Throws `not_found`, `invalid_cursor`. */
export async function listProductHistory(
  tenantId: string,
  productId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
) {
  const scope = { tenantId, list: 'product-history', filters: { productId } };
  const after = cursor === undefined ? undefined : await openCursor(scope, cursor);
  if (after && typeof after.sk !== 'string') throw new AppError(invalidCursor);
  const { pk, prefix } = productKeys.productChangesOf(tenantId, productId);
  const [{ Items = [], LastEvaluatedKey }] = await Promise.all([
    query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      FilterExpression: '#ttl > :now',
      ExpressionAttributeNames: { '#ttl': 'ttl' },
      ExpressionAttributeValues: {
        ':pk': pk,
        ':prefix': prefix,
        ':now': Math.floor(Date.now() / 1000),
      },
      ScanIndexForward: false,
      Limit: limit,
      ...(after && { ExclusiveStartKey: { pk, sk: after.sk } }),
    }),
    readProduct(tenantId, productId),
  ]);
  const items = Items.map((item) => {
    const { price = null, previous_price = null, ...change } = ProductChangeItem.parse(item);
    return { ...change, price, previous_price };
  });
  return {
    items,
    next_cursor: LastEvaluatedKey ? await sealCursor(scope, { sk: LastEvaluatedKey.sk }) : null,
  };
}

/** The products that the channels have with less stock than the threshold, least first. */
export async function listLowStock(
  tenantId: string,
  { threshold, limit }: { threshold: number; limit: number },
) {
  const catalogue = await currentCatalogue(tenantId);
  const filters = { max_stock: threshold - 1, low_stock_only: false, missing: false };
  const found = catalogue.find(filters, 'total_stock');
  return {
    items: [...found.subarray(0, limit)].map((ordinal) =>
      summaryOf(tenantId, catalogue.row(ordinal)),
    ),
    total: found.length,
    threshold,
  };
}

/** The products that buyers have ordered most units of and do not have yet, most first. */
export async function listTopProducts(tenantId: string, { limit }: { limit: number }) {
  const catalogue = await currentCatalogue(tenantId);
  const inOrder = catalogue.find({ low_stock_only: false, missing: false }, 'units_ordered');
  const rows = [...inOrder.subarray(-limit)].reverse().map((ordinal) => catalogue.row(ordinal));
  const items = rows
    .filter((row) => unitsOrdered(row) > 0)
    .map((row) => {
      const summary = summaryOf(tenantId, row);
      const units = unitsOrdered(row);
      const { total_stock } = summary;
      const ratio = total_stock === null ? null : Math.round((100 * total_stock) / units) / 100;
      return { ...summary, units_ordered: units, stock_to_orders_ratio: ratio };
    });
  return { items };
}

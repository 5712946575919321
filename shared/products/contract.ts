import * as z from 'zod/mini';
import { noCredentials } from '../channels/errors.ts';
import { sealedCredentials, tokenBucketPartition } from '../channels/keys.ts';
import { credentialsKey } from '../channels/kms.ts';
import { ChannelName } from '../channels/names.ts';
import { channelUrls } from '../channels/settings.ts';
import type { BackgroundFunction } from '../contract/background.ts';
import { invalidCursor, notFound, rateLimited } from '../contract/core-errors.ts';
import { bearer, defineEndpoint, roles, type TableAccess } from '../contract/endpoint.ts';
import { Cursor, pageOf, pageQuery, queryNumber, Timestamp } from '../contract/schemas.ts';
import { sealingKeySecret } from '../contract/secrets.ts';
import { limitPartition } from '../limits/keys.ts';
import { tenantPartition } from '../tenants/keys.ts';
import * as events from './events.ts';
import { cataloguePartition, productPartition, syncDuePartition } from './keys.ts';
import { syncPerTenant } from './limits.ts';
import { syncErrorCodes } from './metrics.ts';
import { syncQueue } from './queue.ts';

const ProductId = z
  .string()
  .check(z.regex(/^prd_[0-7][0-9A-HJKMNP-TV-Z]{25}$/, 'is not an id of this kind'))
  .register(z.globalRegistry, { id: 'ProductId', example: 'prd_01JD0000000000000000000000' });
const SyncTaskId = z
  .string()
  .check(z.regex(/^syn_[0-9A-HJKMNP-TV-Z]{26}$/, 'is not an id of this kind'))
  .register(z.globalRegistry, { id: 'SyncTaskId', example: 'syn_01JD0000000000000000000000' });

const Price = z
  .strictObject({ amount: z.string(), currency: z.string() })
  .register(z.globalRegistry, { id: 'Price', description: 'The amount is an exact decimal' });

/** Null where the tenant's key may not read the stock: unknown, not zero. */
const UnknownStock = z.nullable(z.int()).register(z.globalRegistry, {
  description: 'Null while it is unknown: the key does not open the stock.',
});

const summary = {
  id: ProductId,
  marketplace: ChannelName,
  marketplace_article: z.string(),
  seller_article: z.string(),
  product_name: z.string(),
  brand: z.nullable(z.string()),
  category: z.nullable(z.string()),
  image_url: z.nullable(z.string()),
  price: z.nullable(Price),
  total_stock: UnknownStock,
  reserved_stock: z.nullable(z.int()),
  available_stock: UnknownStock,
  in_way_to_client: z.nullable(z.int()),
  in_way_from_client: z.nullable(z.int()),
  updated_at: Timestamp,
  missing_since: z.nullable(Timestamp),
};
export const ProductSummary = z
  .strictObject(summary)
  .register(z.globalRegistry, { id: 'ProductSummary' });
export const Product = z
  .strictObject({ ...summary, barcodes: z.array(z.string()), created_at: Timestamp })
  .register(z.globalRegistry, { id: 'Product' });

/** A query parameter that is `true` or `false`. */
const Flag = z.pipe(
  z.enum(['true', 'false']),
  z.transform((value) => value === 'true'),
);
const Stock = queryNumber(0, 1_000_000_000, 'integer');

/** A container's catalogues, 400,000 products together, take 610 MB at the peak. */
const catalogueMemoryMb = 1024;
const tag = 'products';

export const listProducts = defineEndpoint({
  id: 'products/list',
  method: 'GET',
  paths: ['/api/v1/products/'],
  tag,
  summary: "The tenant's products as of the last sync",
  description:
    'By page number, or with `cursor` from `next_cursor`, which continues after the last product of a page even when a sync changes the list. `search` is a part of the marketplace article, the seller article or the name, in any case of letters; white space counts as one space. `low_stock_only` means fewer than 10 and replaces `min_stock` and `max_stock`. A stock is null while it is unknown; such a product passes none of these three. Products that the marketplace no longer has carry `missing_since`; `missing` lists only them (`true`) or leaves them out (`false`).',
  access: bearer(roles),
  query: z
    .strictObject({
      page: z._default(queryNumber(1, 1_000_000, 'integer'), 1),
      page_size: z._default(queryNumber(1, 200, 'integer'), 50),
      search: z.optional(z.string().check(z.maxLength(200))),
      min_stock: z.optional(Stock),
      max_stock: z.optional(Stock),
      low_stock_only: z._default(Flag, false),
      missing: z.optional(Flag),
      sort_by: z._default(
        z.enum([
          'updated_at',
          'product_name',
          'seller_article',
          'marketplace_article',
          'total_stock',
          'price',
        ]),
        'updated_at',
      ),
      sort_order: z._default(z.enum(['asc', 'desc']), 'desc'),
      cursor: z.optional(Cursor),
    })
    .check(
      z.refine(
        ({ min_stock = 0, max_stock = Number.POSITIVE_INFINITY, low_stock_only }) =>
          low_stock_only || min_stock <= max_stock,
        { path: ['min_stock'], error: 'is more than max_stock' },
      ),
    ),
  responses: {
    200: {
      description: 'A page',
      schema: z
        .strictObject({
          items: z.array(ProductSummary),
          total: z.int(),
          page: z.int(),
          page_size: z.int(),
          total_pages: z.int(),
          next_cursor: z.nullable(z.string()),
        })
        .register(z.globalRegistry, { id: 'ProductPage' }),
    },
  },
  errors: [invalidCursor],
  table: [[cataloguePartition, ['GetItem', 'BatchGetItem']]],
  secrets: [sealingKeySecret],
  memoryMb: catalogueMemoryMb,
});

export const getProduct = defineEndpoint({
  id: 'products/get',
  method: 'GET',
  paths: ['/api/v1/products/{id}'],
  tag,
  summary: 'One product',
  access: bearer(roles),
  path: z.strictObject({ id: ProductId }),
  responses: { 200: { description: 'The product', schema: Product } },
  errors: [notFound],
  table: [[productPartition, ['GetItem']]],
});

export const ProductChange = z
  .strictObject({
    at: Timestamp,
    stock: UnknownStock,
    previous_stock: UnknownStock,
    price: z.nullable(Price),
    previous_price: z.nullable(Price),
  })
  .register(z.globalRegistry, { id: 'ProductChange' });

export const getProductHistory = defineEndpoint({
  id: 'products/history',
  method: 'GET',
  paths: ['/api/v1/products/{id}/history'],
  tag,
  summary: "Changes of a product's stock and price, newest first",
  description: 'One entry for each sync that saw a change; kept for 90 days.',
  access: bearer(roles),
  path: z.strictObject({ id: ProductId }),
  query: z.strictObject({
    ...pageQuery(200),
  }),
  responses: {
    200: {
      description: 'A page',
      schema: pageOf(ProductChange).register(z.globalRegistry, { id: 'ProductHistory' }),
    },
  },
  errors: [notFound, invalidCursor],
  table: [[productPartition, ['GetItem', 'Query']]],
  secrets: [sealingKeySecret],
});

export const startProductSync = defineEndpoint({
  id: 'products/sync',
  method: 'POST',
  paths: ['/api/v1/products/sync'],
  tag,
  summary: 'Sync the products now',
  description:
    'One sync of a tenant runs at a time: while one does, its `task_id` is the answer, and a run that has stalled is resumed at once. The first one also starts the schedule.',
  access: bearer(['owner', 'admin']),
  responses: {
    202: {
      description: 'Under way',
      schema: z
        .strictObject({ task_id: SyncTaskId, status: z.enum(['pending', 'in_progress']) })
        .register(z.globalRegistry, { id: 'SyncStarted' }),
    },
  },
  errors: [noCredentials, rateLimited],
  limits: [syncPerTenant],
  table: [
    [tenantPartition, ['GetItem', 'Query', 'PutItem']],
    [cataloguePartition, ['GetItem']],
    [syncDuePartition, ['PutItem', 'DeleteItem']],
    [limitPartition, ['UpdateItem']],
  ],
  queues: [syncQueue],
});

const SyncError = z
  .strictObject({
    marketplace: z.nullable(ChannelName),
    code: z.enum(syncErrorCodes),
    detail: z.string(),
  })
  .register(z.globalRegistry, {
    id: 'SyncError',
    description: 'Of one marketplace, or of the whole sync where `marketplace` is null',
  });

export const SyncRun = z
  .strictObject({
    task_id: SyncTaskId,
    status: z.enum(['pending', 'in_progress', 'completed', 'failed']),
    trigger: z.enum(['manual', 'schedule']),
    marketplaces: z.array(ChannelName),
    phase: z.nullable(z.string()).register(z.globalRegistry, {
      description:
        'What a running sync does: reading as the marketplace calls it, `comparing`, `saving`, `publishing`, or `waiting` until `next_try_at`',
    }),
    next_try_at: z.nullable(Timestamp),
    processed: z.int(),
    total: z.nullable(z.int()),
    created: z.int(),
    changed: z.int(),
    missing: z.int(),
    started_at: Timestamp,
    completed_at: z.nullable(Timestamp),
    duration_ms: z.nullable(z.int()),
    error: z.nullable(SyncError),
    errors: z.array(SyncError),
  })
  .register(z.globalRegistry, { id: 'SyncRun' });

export const getProductSync = defineEndpoint({
  id: 'products/get-sync',
  method: 'GET',
  paths: ['/api/v1/products/sync/{task_id}'],
  tag,
  summary: 'How far a sync is, or how it ended',
  description:
    'A sync is `failed` when it failed as a whole or for a marketplace: `errors` has one entry for each, `error` the first. Products of a marketplace that failed are unchanged; those of the others are updated, as `created`, `changed` and `missing` say. A marketplace that hands out fewer than half of the products it had has failed (`incomplete_answer`), unless the sync before found the same. `total` is null until all marketplaces have reported theirs. Products of a marketplace without credentials are unchanged.',
  access: bearer(roles),
  path: z.strictObject({ task_id: SyncTaskId }),
  responses: { 200: { description: 'The sync', schema: SyncRun } },
  errors: [notFound],
});

export const listProductSyncs = defineEndpoint({
  id: 'products/sync-runs',
  method: 'GET',
  paths: ['/api/v1/products/sync-runs'],
  tag,
  summary: 'The syncs of the last 90 days, newest first',
  access: bearer(roles),
  query: z.strictObject({
    ...pageQuery(200),
  }),
  responses: {
    200: {
      description: 'A page',
      schema: pageOf(SyncRun).register(z.globalRegistry, { id: 'SyncRunPage' }),
    },
  },
  errors: [invalidCursor],
  table: [[tenantPartition, ['GetItem', 'Query']]],
  secrets: [sealingKeySecret],
});

export const Dashboard = z
  .strictObject({
    total_products: z.int(),
    total_stock: z.int(),
    low_stock_count: z.int(),
    out_of_stock_count: z.int(),
    missing_count: z.int(),
    average_stock_per_product: z.number(),
    last_sync: z.nullable(
      z.strictObject({
        task_id: SyncTaskId,
        timestamp: Timestamp,
        status: z.enum(['pending', 'in_progress', 'completed', 'failed']),
        products_synced: z.int(),
        duration_ms: z.int(),
      }),
    ),
    health_score: z.number().check(z.minimum(0), z.maximum(100)),
  })
  .register(z.globalRegistry, { id: 'Dashboard' });

export const dashboard = defineEndpoint({
  id: 'products/dashboard',
  method: 'GET',
  paths: ['/api/v1/analytics/dashboard'],
  tag: 'analytics',
  summary: 'Stock at a glance',
  description:
    'Of the products that the marketplaces have. Low is a stock from 1 to 9. Products whose stock is unknown count among `total_products` alone. `health_score` is 100 less the share of products that are low or out of stock. There are no order figures: orders are not synced.',
  access: bearer(roles),
  responses: {
    200: {
      description: 'The figures as of the last sync',
      schema: Dashboard,
    },
  },
  table: [
    [tenantPartition, ['GetItem', 'Query']],
    [cataloguePartition, ['GetItem']],
  ],
});

export const lowStock = defineEndpoint({
  id: 'products/low-stock',
  method: 'GET',
  paths: ['/api/v1/analytics/low-stock'],
  tag: 'analytics',
  summary: 'Products with less stock than a threshold, least first',
  access: bearer(roles),
  query: z.strictObject({
    threshold: z._default(queryNumber(0, 100, 'integer'), 10),
    limit: z._default(queryNumber(1, 200, 'integer'), 50),
  }),
  responses: {
    200: {
      description: 'The products, and how many there are',
      schema: z
        .strictObject({ items: z.array(ProductSummary), total: z.int(), threshold: z.int() })
        .register(z.globalRegistry, { id: 'LowStock' }),
    },
  },
  table: [[cataloguePartition, ['GetItem', 'BatchGetItem']]],
  memoryMb: catalogueMemoryMb,
});

export const TopProduct = z
  .strictObject({
    ...summary,
    units_ordered: z.int(),
    stock_to_orders_ratio: z.nullable(z.number()),
  })
  .register(z.globalRegistry, { id: 'TopProduct' });

export const topProducts = defineEndpoint({
  id: 'products/top',
  method: 'GET',
  paths: ['/api/v1/analytics/top-products'],
  tag: 'analytics',
  summary: 'Products that buyers want most',
  description:
    'By `units_ordered`, the units that are reserved or on their way to buyers, most first; products without any are left out. `stock_to_orders_ratio` is the stock for each of these units, null while the stock is unknown.',
  access: bearer(roles),
  query: z.strictObject({ limit: z._default(queryNumber(1, 100, 'integer'), 20) }),
  responses: {
    200: {
      description: 'The products',
      schema: z
        .strictObject({
          items: z.array(TopProduct),
        })
        .register(z.globalRegistry, { id: 'TopProducts' }),
    },
  },
  table: [[cataloguePartition, ['GetItem', 'BatchGetItem']]],
  memoryMb: catalogueMemoryMb,
});

export const StockDistribution = z
  .strictObject({
    out_of_stock: z.int(),
    critical: z.int(),
    low: z.int(),
    medium: z.int(),
    good: z.int(),
    excellent: z.int(),
  })
  .register(z.globalRegistry, { id: 'StockDistribution' });

export const stockDistribution = defineEndpoint({
  id: 'products/stock-distribution',
  method: 'GET',
  paths: ['/api/v1/analytics/stock-distribution'],
  tag: 'analytics',
  summary: 'How many products have how much stock',
  description:
    'Of the products whose stock is known: out of stock 0, critical 1 to 5, low 6 to 20, medium 21 to 50, good 51 to 100, excellent above.',
  access: bearer(roles),
  responses: {
    200: {
      description: 'Numbers of products',
      schema: StockDistribution,
    },
  },
  table: [[cataloguePartition, ['GetItem']]],
});

export const syncHistory = defineEndpoint({
  id: 'products/sync-history',
  method: 'GET',
  paths: ['/api/v1/analytics/sync-history'],
  tag: 'analytics',
  summary: 'The syncs of the last days, newest first',
  access: bearer(roles),
  query: z.strictObject({
    days: z._default(queryNumber(1, 90, 'integer'), 7),
    limit: z._default(queryNumber(1, 200, 'integer'), 50),
  }),
  responses: {
    200: {
      description: 'The syncs',
      schema: z
        .strictObject({ items: z.array(SyncRun) })
        .register(z.globalRegistry, { id: 'SyncHistory' }),
    },
  },
  table: [[tenantPartition, ['GetItem', 'Query']]],
});

/** What ending a run writes: the run, its lock, the schedule, and what it staged. */
const endOfRun: TableAccess = [
  [syncDuePartition, ['Query', 'PutItem', 'DeleteItem']],
  [
    cataloguePartition,
    ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem', 'BatchWriteItem'],
  ],
];

export const syncWorker: BackgroundFunction = {
  id: 'products/sync-worker',
  summary: 'Syncs the products of a tenant, page by page',
  table: [
    [tenantPartition, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem']],
    ...endOfRun,
    [productPartition, ['BatchGetItem', 'BatchWriteItem']],
    [tokenBucketPartition, ['UpdateItem']],
  ],
  kmsKeys: [[credentialsKey, ['Decrypt']]],
  settings: channelUrls,
  queue: syncQueue,
  queues: [syncQueue],
  publishes: Object.values(events),
  // One tenant at a time: a slow one slows no other. So many at once leave the account's
  // concurrency to the API.
  batchSize: 1,
  maxConcurrency: 20,
  timeoutSeconds: 600,
};

export const syncSweep: BackgroundFunction = {
  id: 'products/sync-sweep',
  summary:
    'Starts syncs that are due, the first ones of tenants with new credentials, and gets interrupted ones going again',
  table: [
    [tenantPartition, ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem']],
    ...endOfRun,
    [syncDuePartition, ['GetItem']],
    [sealedCredentials, ['Query']],
  ],
  queues: [syncQueue],
  publishes: Object.values(events),
  // So soon a run is found whose worker has died.
  schedule: 'rate(1 minute)',
  timeoutSeconds: 120,
};

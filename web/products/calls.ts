import type * as z from 'zod';
import type * as contract from '../../shared/products/contract.ts';
import type { QueryOf } from '../app/api.ts';
import { type Call, send } from '../app/http.ts';
import type { Session } from '../app/session.ts';

export const calls = {
  listProducts: { id: 'products/list', method: 'GET', path: '/api/v1/products/' },
  getProduct: { id: 'products/get', method: 'GET', path: '/api/v1/products/{id}' },
  getHistory: { id: 'products/history', method: 'GET', path: '/api/v1/products/{id}/history' },
  startSync: { id: 'products/sync', method: 'POST', path: '/api/v1/products/sync' },
  getSync: { id: 'products/get-sync', method: 'GET', path: '/api/v1/products/sync/{task_id}' },
  listSyncs: { id: 'products/sync-runs', method: 'GET', path: '/api/v1/products/sync-runs' },
  getDashboard: { id: 'products/dashboard', method: 'GET', path: '/api/v1/analytics/dashboard' },
  getLowStock: { id: 'products/low-stock', method: 'GET', path: '/api/v1/analytics/low-stock' },
  getTopProducts: { id: 'products/top', method: 'GET', path: '/api/v1/analytics/top-products' },
  getDistribution: {
    id: 'products/stock-distribution',
    method: 'GET',
    path: '/api/v1/analytics/stock-distribution',
  },
} as const satisfies Record<string, Call>;

export type ProductSummary = z.output<typeof contract.ProductSummary>;
export type Product = z.output<typeof contract.Product>;
export type ProductChange = z.output<typeof contract.ProductChange>;
export type SyncRun = z.output<typeof contract.SyncRun>;
export type TopProduct = z.output<typeof contract.TopProduct>;
export type Dashboard = z.output<typeof contract.Dashboard>;
export type StockDistribution = z.output<typeof contract.StockDistribution>;
export type ProductQuery = QueryOf<typeof contract.listProducts>;
export interface ProductPage {
  items: ProductSummary[];
  total: number;
  page: number;
  page_size: number;
  total_pages: number;
  next_cursor: string | null;
}
export interface ProductHistory {
  items: ProductChange[];
  next_cursor: string | null;
}

/** The endpoints of products, for a signed-in user. */
export function productsApi(session: Session) {
  return {
    list: (query: ProductQuery, signal: AbortSignal) =>
      session.run((token) => send<ProductPage>(calls.listProducts, { query, signal }, token)),
    get: (id: string, signal: AbortSignal) =>
      session.run((token) => send<Product>(calls.getProduct, { path: { id }, signal }, token)),
    history: (id: string, query: QueryOf<typeof contract.getProductHistory>, signal: AbortSignal) =>
      session.run((token) =>
        send<ProductHistory>(calls.getHistory, { path: { id }, query, signal }, token),
      ),
    startSync: () =>
      session.run((token) => send<Pick<SyncRun, 'task_id' | 'status'>>(calls.startSync, {}, token)),
    sync: (taskId: string, signal: AbortSignal) =>
      session.run((token) =>
        send<SyncRun>(calls.getSync, { path: { task_id: taskId }, signal }, token),
      ),
    syncs: (limit: number, signal: AbortSignal) =>
      session.run((token) =>
        send<{ items: SyncRun[] }>(calls.listSyncs, { query: { limit }, signal }, token),
      ),
    dashboard: (signal: AbortSignal) =>
      session.run((token) => send<Dashboard>(calls.getDashboard, { signal }, token)),
    lowStock: (limit: number, signal: AbortSignal) =>
      session.run((token) =>
        send<{ items: ProductSummary[]; total: number }>(
          calls.getLowStock,
          { query: { limit }, signal },
          token,
        ),
      ),
    top: (limit: number, signal: AbortSignal) =>
      session.run((token) =>
        send<{ items: TopProduct[] }>(calls.getTopProducts, { query: { limit }, signal }, token),
      ),
    distribution: (signal: AbortSignal) =>
      session.run((token) => send<StockDistribution>(calls.getDistribution, { signal }, token)),
  };
}

export type ProductsApi = ReturnType<typeof productsApi>;

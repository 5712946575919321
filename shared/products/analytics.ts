import { type CatalogueAnalytics, readCurrent } from './catalogue/versions.ts';
import { readSyncRuns } from './sync/runs.ts';

const none: CatalogueAnalytics = {
  total_products: 0,
  total_stock: 0,
  low_stock_count: 0,
  missing_count: 0,
  distribution: { out_of_stock: 0, critical: 0, low: 0, medium: 0, good: 0, excellent: 0 },
};

/** The tenant's stock at a glance, as of the last sync that changed something. */
export async function dashboard(tenantId: string) {
  const [current, runs] = await Promise.all([
    readCurrent(tenantId),
    readSyncRuns(tenantId, { limit: 2 }),
  ]);
  const { distribution, ...sums } = current?.analytics ?? none;
  const last = runs.items.find(({ completed_at }) => completed_at !== null);
  const { total_stock, low_stock_count } = sums;
  const outOfStock = distribution.out_of_stock;
  // The others have a stock that is unknown.
  const counted = sum(Object.values(distribution));
  const share = counted === 0 ? 0 : (low_stock_count + outOfStock) / counted;
  return {
    ...sums,
    out_of_stock_count: outOfStock,
    average_stock_per_product: counted === 0 ? 0 : rounded(total_stock / counted),
    last_sync: last
      ? {
          task_id: last.task_id,
          timestamp: last.completed_at ?? last.started_at,
          status: last.status,
          products_synced: last.processed,
          duration_ms: last.duration_ms ?? 0,
        }
      : null,
    health_score: rounded(100 - 100 * share),
  };
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

const rounded = (value: number) => Math.round(value * 100) / 100;

/** How many products have how much stock. */
export async function stockDistribution(
  tenantId: string,
): Promise<CatalogueAnalytics['distribution']> {
  const current = await readCurrent(tenantId);
  return current?.analytics.distribution ?? none.distribution;
}

const dayMs = 86_400_000;

/** The sync runs of the last days, newest first. */
export async function syncHistory(
  tenantId: string,
  { days, limit }: { days: number; limit: number },
) {
  const from = new Date(Date.now() - days * dayMs).toISOString();
  const { items } = await readSyncRuns(tenantId, { limit, from });
  return { items };
}

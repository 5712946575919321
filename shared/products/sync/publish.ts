import { isDeepStrictEqual } from 'node:util';
import { transact } from '../../table/table.ts';
import { bytesOf, maxSegmentBytes, readSegments, type SegmentRef } from '../catalogue/segments.ts';
import {
  type CatalogueAnalytics,
  currentWrite,
  readCurrent,
  writeManifest,
} from '../catalogue/versions.ts';
import { lowStock, type Row, rowKey } from '../product.ts';
import type { SyncJob } from './job.ts';
import type { KnownProduct } from './known.ts';
import { LostLease, positionWrite } from './lease.ts';
import { firstPacked, stagedRefs, writeRunSegment } from './staging.ts';

/** More segments than this, or more dead rows than living ones, and the catalogue is packed again. */
const maxSegments = 300;
const spareRows = 5000;
/**
 * Makes what was staged the current catalogue. Products are also forgotten in time, so a run without
 * changes can publish a new version; a run that leaves every figure unchanged publishes none.
 */
export async function publish(job: SyncJob): Promise<void> {
  const { position, tenantId, base } = job;
  position.progress.step = 'announce';
  const analytics = analyticsOf(job.known);
  if (position.progress.staged.length === 0 && (await hasAnalytics(tenantId, analytics))) {
    await job.checkpoint();
    return;
  }
  const all = [...base.segments, ...stagedRefs(position)];
  const rows = all.reduce((sum, ref) => sum + ref.rows, 0);
  const isWasteful = all.length > maxSegments || rows > 2 * job.known.size + spareRows;
  const segments = isWasteful ? await pack(job, all) : all;
  await writeManifest(tenantId, position.run_id, {
    segments,
    obsolete: isWasteful ? all : [],
    previous: position.base_version,
  });
  const failed = await transact([
    positionWrite(tenantId, position),
    currentWrite(tenantId, { version: position.run_id, analytics }),
  ]);
  if (failed) throw new LostLease();
}

/** Whether the catalogue shows such figures; one that does not exist shows that there is nothing. */
async function hasAnalytics(tenantId: string, analytics: CatalogueAnalytics): Promise<boolean> {
  const current = await readCurrent(tenantId);
  return current === undefined || isDeepStrictEqual(current.analytics, analytics);
}

/** Writes the newest row of each product into as few segments as hold them. */
async function pack(job: SyncJob, all: readonly SegmentRef[]): Promise<SegmentRef[]> {
  const { tenantId, position, known } = job;
  const packed: SegmentRef[] = [];
  let open: Row[] = [];
  let bytes = 0;
  const close = async () => {
    if (open.length === 0) return;
    const number = firstPacked + packed.length;
    await writeRunSegment(tenantId, position, { number, rows: open });
    packed.push({ run: position.run_id, number, rows: open.length });
    open = [];
    bytes = 0;
  };
  let segment = 0;
  for await (const rows of readSegments(tenantId, all)) {
    for (const row of rows) {
      const product = known.get(rowKey(row));
      if (product?.segment !== segment || product.state === 'forgotten') continue;
      const size = bytesOf(row);
      if (bytes + size > maxSegmentBytes) await close();
      open.push(row);
      bytes += size;
    }
    segment += 1;
  }
  await close();
  return packed;
}

function analyticsOf(known: ReadonlyMap<string, KnownProduct>): CatalogueAnalytics {
  const analytics: CatalogueAnalytics = {
    total_products: 0,
    total_stock: 0,
    low_stock_count: 0,
    missing_count: 0,
    distribution: { out_of_stock: 0, critical: 0, low: 0, medium: 0, good: 0, excellent: 0 },
  };
  for (const { state, stock } of known.values()) {
    if (state === 'missing') analytics.missing_count += 1;
    if (state !== 'present') continue;
    analytics.total_products += 1;
    if (stock === null) continue;
    analytics.total_stock += stock;
    if (stock > 0 && stock < lowStock) analytics.low_stock_count += 1;
    analytics.distribution[bandOf(stock)] += 1;
  }
  return analytics;
}

export type StockBand = keyof CatalogueAnalytics['distribution'];

function bandOf(stock: number): StockBand {
  if (stock <= 0) return 'out_of_stock';
  if (stock <= 5) return 'critical';
  if (stock <= 20) return 'low';
  if (stock <= 50) return 'medium';
  return stock <= 100 ? 'good' : 'excellent';
}

import { isDeepStrictEqual } from 'node:util';
import { getMany, transact, writeMany } from '../../table/table.ts';
import {
  bytesOf,
  deleteSegments,
  deleteSegmentsFrom,
  maxSegmentBytes,
  readSegment,
  readSegments,
  type SegmentRef,
  writeSegment,
} from '../catalogue/segments.ts';
import {
  type CatalogueFigures,
  currentWrite,
  deleteManifest,
  readCurrent,
  readManifest,
  writeManifest,
} from '../catalogue/versions.ts';
import { productLowStock } from '../events.ts';
import { productKeys } from '../keys.ts';
import {
  contentHash,
  fromRow,
  lowStock,
  ProductItem,
  productIdOf,
  type Row,
  rowKey,
  toChangeItem,
  toItem,
  toRow,
} from '../product.ts';
import { type SyncJob, stagedRefs } from './job.ts';
import { LostLock, positionWrite, type SyncPosition } from './lock.ts';
import type { SyncPorts } from './sync-ports.ts';

/** A run tells of at most so many products that became low. */
const maxLowStockEvents = 100;

/** Marks what no page had, one segment of the base at a time. */
export async function markMissing(job: SyncJob): Promise<void> {
  const { position, base, known, tenantId } = job;
  const ref = base.segments[position.marked];
  const rows = ref ? await readSegment(tenantId, ref) : [];
  for (const row of rows) {
    const product = known.get(rowKey(row));
    if (product?.segment === position.marked && job.isUnseen(product)) job.markMissing(row);
  }
  position.marked += 1;
  if (position.marked >= base.segments.length) position.step = 'apply';
  await job.checkpoint();
}

/**
 * Writes the products of one staged segment. The change of a product goes before the product: who
 * repeats this after a crash still finds what the product was.
 */
export async function applySegment(job: SyncJob, ports: SyncPorts): Promise<void> {
  const { position, tenantId } = job;
  const ref = stagedRefs(position)[position.applied];
  if (ref) {
    const rows = newestById(tenantId, await readSegment(tenantId, ref));
    const isFirstSync = position.base_version === undefined;
    const before = isFirstSync ? new Map() : await readProducts(tenantId, [...rows.keys()]);
    const changed = [...rows].filter(([id, row]) => !isWritten(before.get(id), row));
    const changes = changed.flatMap(([id, row]) => {
      const old = before.get(id);
      return (old && toChangeItem(tenantId, position.run_id, old, fromRow(row))) ?? [];
    });
    await tellOfLowStock(job, ports, changed, before);
    job.assertHeld();
    await writeMany(changes.map((put) => ({ put })));
    await writeMany(
      changed.map(([id, row]) => {
        const createdAt = before.get(id)?.created_at ?? position.started_at;
        return { put: toItem(tenantId, id, fromRow(row), createdAt) };
      }),
    );
    position.applied += 1;
  }
  if (position.applied >= position.staged.length) position.step = 'publish';
  await job.checkpoint();
}

function newestById(tenantId: string, rows: readonly Row[]): Map<string, Row> {
  return new Map(
    rows.map((row) => {
      const { marketplace, external_id } = fromRow(row);
      return [productIdOf(tenantId, marketplace, external_id), row];
    }),
  );
}

async function readProducts(
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, ProductItem>> {
  const items = await getMany(ids.map((id) => productKeys.product(tenantId, id)));
  return new Map(
    items.map((item) => {
      const product = ProductItem.parse(item);
      return [product.id, product];
    }),
  );
}

const isWritten = (item: ProductItem | undefined, row: Row): boolean =>
  item !== undefined && contentHash(toRow(item)) === contentHash(row);

async function tellOfLowStock(
  { tenantId, position }: SyncJob,
  ports: SyncPorts,
  changed: readonly (readonly [string, Row])[],
  before: ReadonlyMap<string, ProductItem>,
): Promise<void> {
  for (const [id, row] of changed) {
    const old = before.get(id);
    const now = fromRow(row);
    const isNew = old && old.stock >= lowStock && now.stock < lowStock && !now.missing_since;
    if (!isNew || position.low_stock_events >= maxLowStockEvents) continue;
    position.low_stock_events += 1;
    await ports.publish(tenantId, {
      kind: productLowStock,
      data: {
        product_id: id,
        seller_article: now.seller_sku,
        total_stock: now.stock,
        previous_stock: old.stock,
        threshold: lowStock,
      },
    });
  }
}

/** More segments than this, or more dead rows than living ones, and the catalogue is packed anew. */
const maxSegments = 300;
const spareRows = 5000;
/** Packed segments are numbered above staged ones. */
const firstPacked = 20_000;

/**
 * Makes what was staged the current catalogue. Also without changes products are forgotten in time;
 * only a run that leaves every figure as it is leaves the version as it is.
 */
export async function publish(job: SyncJob): Promise<void> {
  const { position, tenantId, base } = job;
  position.step = 'announce';
  const figures = figuresOf(job.known);
  if (position.staged.length === 0 && (await hasFigures(tenantId, figures))) {
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
    currentWrite(tenantId, { version: position.run_id, figures }),
  ]);
  if (failed) throw new LostLock();
}

/** Whether the catalogue shows such figures; one that does not exist shows that there is nothing. */
async function hasFigures(tenantId: string, figures: CatalogueFigures): Promise<boolean> {
  const current = await readCurrent(tenantId);
  return current === undefined || isDeepStrictEqual(current.figures, figures);
}

/** Writes the newest row of each product into as few segments as hold them. */
async function pack(job: SyncJob, all: readonly SegmentRef[]): Promise<SegmentRef[]> {
  const { tenantId, position, known } = job;
  const packed: SegmentRef[] = [];
  let open: Row[] = [];
  let bytes = 0;
  const close = async () => {
    if (open.length === 0) return;
    const ref = { run: position.run_id, number: firstPacked + packed.length };
    await writeSegment(tenantId, ref, open, position.fence);
    packed.push({ ...ref, rows: open.length });
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

function figuresOf(known: SyncJob['known']): CatalogueFigures {
  const figures = {
    total_products: 0,
    total_stock: 0,
    low_stock_count: 0,
    missing_count: 0,
    distribution: { out_of_stock: 0, critical: 0, low: 0, medium: 0, good: 0, excellent: 0 },
  };
  for (const { state, stock } of known.values()) {
    if (state === 'missing') figures.missing_count += 1;
    if (state !== 'present') continue;
    figures.total_products += 1;
    figures.total_stock += stock;
    if (stock > 0 && stock < lowStock) figures.low_stock_count += 1;
    figures.distribution[bandOf(stock)] += 1;
  }
  return figures;
}

export type StockBand = keyof CatalogueFigures['distribution'];

function bandOf(stock: number): StockBand {
  if (stock <= 0) return 'out_of_stock';
  if (stock <= 5) return 'critical';
  if (stock <= 20) return 'low';
  if (stock <= 50) return 'medium';
  return stock <= 100 ? 'good' : 'excellent';
}

/** Deletes what the published catalogue stands for. A reader that is not done with it begins again. */
export async function deleteObsolete(tenantId: string, position: SyncPosition): Promise<void> {
  const published = await readManifest(tenantId, position.run_id);
  if (published?.previous !== undefined) await deleteManifest(tenantId, published.previous);
  await deleteSegments(tenantId, published?.obsolete ?? []);
  await deleteLeftBehind(tenantId, position);
}

/** Deletes what a run has staged and nobody will publish. */
export async function discardStaged(tenantId: string, position: SyncPosition): Promise<void> {
  await deleteSegments(tenantId, stagedRefs(position));
  await deleteLeftBehind(tenantId, position);
}

/** Segments that a worker has written before it died, and that no list knows of. */
async function deleteLeftBehind(tenantId: string, { run_id, staged }: SyncPosition): Promise<void> {
  const left = { run: run_id, number: staged.length, below: firstPacked };
  await deleteSegmentsFrom(tenantId, left);
}

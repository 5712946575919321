import { getMany, writeMany } from '../../table/table.ts';
import { readSegment } from '../catalogue/segments.ts';
import { productLowStock } from '../events.ts';
import { productKeys } from '../keys.ts';
import {
  contentHash,
  fromRow,
  lowStock,
  ProductItem,
  productIdOf,
  type Row,
  toChangeItem,
  toItem,
  toRow,
} from '../product.ts';
import type { SyncJob } from './job.ts';
import type { SyncPorts } from './ports.ts';
import { stagedRefs } from './staging.ts';

/** Maximum low-stock events per run. */
const maxLowStockEvents = 100;

/**
 * Writes the products of one staged segment. The change of a product is written before the product,
 * so that a repetition after a crash still finds what the product was.
 */
export async function applySegment(job: SyncJob, ports: SyncPorts): Promise<void> {
  const { position, tenantId } = job;
  const { progress } = position;
  const ref = stagedRefs(position)[progress.applied];
  if (ref) {
    const rows = newestById(tenantId, await readSegment(tenantId, ref));
    const isFirstSync = position.base_version === undefined;
    const before = isFirstSync ? new Map() : await readProducts(tenantId, [...rows.keys()]);
    const changed = [...rows].filter(([id, row]) => !isWritten(before.get(id), row));
    const changes = changed.flatMap(([id, row]) => {
      const old = before.get(id);
      return (old && toChangeItem(tenantId, position.run_id, old, fromRow(row))) ?? [];
    });
    await reportLowStock(job, ports, changed, before);
    job.assertHeld();
    await writeMany(changes.map((put) => ({ put })));
    await writeMany(
      changed.map(([id, row]) => {
        const createdAt = before.get(id)?.created_at ?? position.started_at;
        return { put: toItem(tenantId, id, fromRow(row), createdAt) };
      }),
    );
    progress.applied += 1;
  }
  if (progress.applied >= progress.staged.length) progress.step = 'publish';
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

async function reportLowStock(
  { tenantId, position: { progress } }: SyncJob,
  ports: SyncPorts,
  changed: readonly (readonly [string, Row])[],
  before: ReadonlyMap<string, ProductItem>,
): Promise<void> {
  for (const [id, row] of changed) {
    const old = before.get(id);
    const now = fromRow(row);
    const wasEnough = typeof old?.stock === 'number' && old.stock >= lowStock;
    const isLow = now.stock !== null && now.stock < lowStock && !now.missing_since;
    const isNew = old && wasEnough && isLow;
    if (!isNew || progress.low_stock_events >= maxLowStockEvents) continue;
    progress.low_stock_events += 1;
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

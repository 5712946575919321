import type { ChannelProduct } from '../../shared/channels/adapter.ts';
import type { SyncMessage, SyncPorts } from '../../shared/products/sync/ports.ts';

const pageSize = 1000;

/** Product number `index` of a seller, about as large as those of Wildberries and Ozon. */
export function channelProduct(index: number): ChannelProduct {
  const word = words[index % words.length];
  return {
    external_id: String(100_000_000 + index),
    seller_sku: `wb${(index * 7919).toString(36)}-${index}`,
    name: `${word} ${(index * 104_729).toString(36)} for every day, number ${index}`,
    brand: `Brand ${index % 97}`,
    category: `Category ${index % 31}`,
    image_url: `https://basket-${index % 20}.example.com/vol${index % 1000}/${index}/images/big/1.webp`,
    barcodes: [String(2_000_000_000_000 + index)],
    price: { amount: `${(index * 37) % 9000}.50`, currency: 'RUB' },
    stock: (index * 13) % 400,
    in_transit_to: index % 5,
    in_transit_from: index % 3,
  };
}
const words = ['Shirt', 'Футболка', 'Lamp', 'Чайник', 'Chair', 'Шкаф', 'Phone case', 'Кабель'];

/** A seller without limits, whose products are made on demand; a revision has other stocks. */
export function endlessChannel(count: number, revision = 0) {
  const sent: SyncMessage[] = [];
  const ports: SyncPorts = {
    channels: async () => ['wildberries'],
    openChannel: async () => ({
      version: 'first',
      read: async (cursor) => {
        const start = Number(cursor ?? 0);
        const end = Math.min(count, start + pageSize);
        const products = Array.from({ length: end - start }, (_, index) =>
          restocked(channelProduct(start + index), revision),
        );
        return {
          products,
          next: end < count ? String(end) : undefined,
          total: count,
          phase: 'products',
        };
      },
    }),
    credentialsVersion: async () => 'first',
    send: async (message) => {
      sent.push(message);
    },
    publish: async () => undefined,
  };
  return { ports, sent };
}

const restocked = (product: ChannelProduct, revision: number): ChannelProduct =>
  revision === 0 ? product : { ...product, stock: Number(product.stock) + revision };

/** A whole sync of a tenant with `count` products, in one call of the worker. Returns its milliseconds. */
export async function syncOnce(tenantId: string, count: number, revision = 0): Promise<number> {
  const { startSync } = await import('../../shared/products/sync/start.ts');
  const { getSyncRun } = await import('../../shared/products/sync/runs.ts');
  const { advanceSync } = await import('../../shared/products/sync/worker.ts');
  const { ports, sent } = endlessChannel(count, revision);
  const startedAt = performance.now();
  const { task_id } = await startSync(tenantId, 'manual', ports);
  for (let message = sent.shift(); message; message = sent.shift())
    await advanceSync(message, ports, () => 600_000);
  const elapsed = performance.now() - startedAt;
  const { status, error } = await getSyncRun(tenantId, task_id);
  if (status !== 'completed') throw new Error(`The sync ended as ${status}: ${error?.detail}`);
  return elapsed;
}

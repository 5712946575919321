import { syncOnce } from '../../harness/products/sync-subject.ts';
import { listProducts, startProductSync } from '../../shared/products/contract.ts';
import type { CapacityCase } from '../capacity-cases.ts';

export const capacityCases: readonly CapacityCase[] = [
  ...[0, 60].map((count) => ({
    endpoint: listProducts,
    when: count === 0 ? 'none synced yet' : `${count} products`,
    request: async ({ tenantId }: { tenantId: string }) => {
      if (count > 0) await syncOnce(tenantId, count);
      return { query: { search: 'number', sort_by: 'price' } };
    },
  })),
  {
    endpoint: startProductSync,
    when: 'without credentials',
    status: 409,
    request: () => ({}),
  },
  { endpoint: startProductSync, when: 'with credentials' },
];

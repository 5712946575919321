import {
  type ItemKind,
  type Key,
  type KeyFamily,
  tenantPattern,
  tenantPrefix,
} from '../table/family.ts';

export const tenantPartition: KeyFamily = { name: 'tenantPartition', pattern: tenantPattern };

export const tenantKeys = {
  tenant: (tenantId: string): Key => ({ pk: tenantPrefix(tenantId), sk: 'TENANT' }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [{ what: 'tenant', pk: 'TENANT#<tenant>', sk: 'TENANT' }];

import { type ItemKind, type Key, type KeyFamily, part, tenantPrefix } from '../table/family.ts';

export const licensePartition: KeyFamily = { name: 'licensePartition', pattern: 'LICENSE#*' };

export const marketplaceKeys = {
  license: (tenantId: string, licenseId: string): Key => ({
    pk: tenantPrefix(tenantId),
    sk: `LICENSE#${part(licenseId)}`,
  }),
  licenseLookup: (licenseId: string): Key => ({ pk: `LICENSE#${part(licenseId)}`, sk: 'LICENSE' }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  { what: 'license of a tenant', pk: 'TENANT#<tenant>', sk: 'LICENSE#<license>' },
  { what: 'license → tenant', pk: 'LICENSE#<license>', sk: 'LICENSE' },
];

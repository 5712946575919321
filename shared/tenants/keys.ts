import {
  type ItemKind,
  type Key,
  type KeyFamily,
  part,
  tenantPattern,
  tenantPrefix,
} from '../table/family.ts';

export const tenantPartition: KeyFamily = { name: 'tenantPartition', pattern: tenantPattern };

/** All tenants, the newest first, in the series index. */
export const tenantSeries: KeyFamily = {
  name: 'tenantSeries',
  pattern: 'TENANTS#ALL',
  isIndex: true,
};

/** Where a tenant stands in the series index. */
export const tenantSeriesKey = (createdAt: string, tenantId: string) => ({
  series_pk: tenantSeries.pattern,
  series_sk: `${part(createdAt)}#${part(tenantId)}`,
});

export const tenantKeys = {
  tenant: (tenantId: string): Key => ({ pk: tenantPrefix(tenantId), sk: 'TENANT' }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  {
    what: 'tenant',
    pk: 'TENANT#<tenant>',
    sk: 'TENANT',
    series: 'TENANTS#ALL / <created at>#<tenant>',
  },
];

import {
  type ItemKind,
  type Key,
  type KeyFamily,
  part,
  tenantPattern,
  tenantPrefix,
} from '../table/family.ts';

export const productPartition: KeyFamily = {
  name: 'productPartition',
  pattern: `${tenantPattern}#PRODUCT#*`,
};
export const cataloguePartition: KeyFamily = {
  name: 'cataloguePartition',
  pattern: `${tenantPattern}#CATALOGUE`,
};
export const syncDuePartition: KeyFamily = { name: 'syncDuePartition', pattern: 'SYNCDUE#*' };

export const productKeys = {
  /** Where the tenant sells, as it said at sign-up. */
  sellsOn: (tenantId: string): Key => ({ pk: tenantPrefix(tenantId), sk: 'SELLSON' }),
  product: (tenantId: string, productId: string): Key => ({
    pk: `${tenantPrefix(tenantId)}#PRODUCT#${part(productId)}`,
    sk: 'PRODUCT',
  }),
  /** What one sync run changed of a product's stock or price. */
  productChange: (tenantId: string, productId: string, runId: string): Key => ({
    pk: `${tenantPrefix(tenantId)}#PRODUCT#${part(productId)}`,
    sk: `CHANGE#${part(runId)}`,
  }),
  /** Where all changes of a product are. */
  productChangesOf: (tenantId: string, productId: string) => ({
    pk: `${tenantPrefix(tenantId)}#PRODUCT#${part(productId)}`,
    prefix: 'CHANGE#',
  }),
  catalogue: (tenantId: string): Key => ({
    pk: `${tenantPrefix(tenantId)}#CATALOGUE`,
    sk: 'CURRENT',
  }),
  catalogueManifest: (tenantId: string, version: string): Key => ({
    pk: `${tenantPrefix(tenantId)}#CATALOGUE`,
    sk: `MANIFEST#${part(version)}`,
  }),
  catalogueSegment: (tenantId: string, runId: string, number: number): Key => ({
    pk: `${tenantPrefix(tenantId)}#CATALOGUE`,
    sk: `SEGMENT#${part(runId)}#${String(number).padStart(5, '0')}`,
  }),
  syncRun: (tenantId: string, runId: string): Key => ({
    pk: tenantPrefix(tenantId),
    sk: `SYNCRUN#${part(runId)}`,
  }),
  /** Where all sync runs of a tenant are. */
  syncRunsOf: (tenantId: string) => ({ pk: tenantPrefix(tenantId), prefix: 'SYNCRUN#' }),
  syncLock: (tenantId: string): Key => ({ pk: tenantPrefix(tenantId), sk: 'SYNCLOCK' }),
  syncSchedule: (tenantId: string): Key => ({ pk: tenantPrefix(tenantId), sk: 'SYNCSCHEDULE' }),
  syncDue: (shard: number, dueAt: string, tenantId: string): Key => ({
    pk: `SYNCDUE#${shard}`,
    sk: `${part(dueAt)}#${part(tenantId)}`,
  }),
  syncEnrolment: (): Key => ({ pk: 'SYNCDUE#ENROLMENT', sk: 'SEEN' }),
  /** One of the partitions that due syncs are spread over. */
  syncsDueIn: (shard: number): string => `SYNCDUE#${shard}`,
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  { what: 'where a tenant sells', pk: 'TENANT#<tenant>', sk: 'SELLSON' },
  { what: 'product', pk: 'TENANT#<tenant>#PRODUCT#<product>', sk: 'PRODUCT' },
  {
    what: "change of a product's stock or price",
    pk: 'TENANT#<tenant>#PRODUCT#<product>',
    sk: 'CHANGE#<sync run>',
  },
  {
    what: "current catalogue, its segments' list",
    pk: 'TENANT#<tenant>#CATALOGUE',
    sk: 'CURRENT, MANIFEST#<sync run>',
  },
  {
    what: 'segment of a catalogue',
    pk: 'TENANT#<tenant>#CATALOGUE',
    sk: 'SEGMENT#<sync run>#<number>',
  },
  { what: 'sync run', pk: 'TENANT#<tenant>', sk: 'SYNCRUN#<run>' },
  { what: 'lock and position of the running sync', pk: 'TENANT#<tenant>', sk: 'SYNCLOCK' },
  { what: "when the tenant's sync is due", pk: 'TENANT#<tenant>', sk: 'SYNCSCHEDULE' },
  { what: 'due syncs of all tenants', pk: 'SYNCDUE#<shard>', sk: '<due>#<tenant>' },
  {
    what: 'how far credentials were read for the schedule',
    pk: 'SYNCDUE#ENROLMENT',
    sk: 'SEEN',
  },
];

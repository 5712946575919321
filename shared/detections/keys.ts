import {
  type ItemKind,
  type Key,
  type KeyFamily,
  part,
  tenantPattern,
  tenantPrefix,
} from '../table/family.ts';

export const detectionPartition: KeyFamily = {
  name: 'detectionPartition',
  pattern: `${tenantPattern}#DETECTION#*`,
};
export const detectionSeries: KeyFamily = {
  name: 'detectionSeries',
  pattern: `${tenantPattern}#DETECTIONS#*`,
  isIndex: true,
};
export const detectionCountPartition: KeyFamily = {
  name: 'detectionCountPartition',
  pattern: `${tenantPattern}#DETECTIONCOUNTS#*`,
};
export const eniPartition: KeyFamily = { name: 'eniPartition', pattern: 'ENI#*' };
export const vniPartition: KeyFamily = { name: 'vniPartition', pattern: 'VNI#*' };

export const detectionKeys = {
  detection: (tenantId: string, detectionId: string): Key => ({
    pk: `${tenantPrefix(tenantId)}#DETECTION#${part(detectionId)}`,
    sk: 'DETECTION',
  }),
  /** Partition of a tenant's detections of one quarter (`2026Q4`, UTC) in the series index. */
  detectionSeries: (tenantId: string, quarter: string): string =>
    `${tenantPrefix(tenantId)}#DETECTIONS#${part(quarter)}`,
  /** One shard of the count of a tenant's detections with a label or source on a day, UTC, that are kept equally long. */
  detectionCount: (
    tenantId: string,
    kind: 'LABEL' | 'SOURCE',
    day: string,
    value: string,
    { days, shard }: { days: number; shard: number },
  ): Key => ({
    pk: `${tenantPrefix(tenantId)}#DETECTIONCOUNTS#${part(day.slice(0, 7))}`,
    // A label may have spaces, and never an @.
    sk: `${kind}#${part(day)}#${part(value.replaceAll(' ', '@'))}#${days}#${shard}`,
  }),
  /** Where the counts of a tenant's detections of a month (`2026-11`) are. */
  detectionCountsOf: (tenantId: string, month: string): string =>
    `${tenantPrefix(tenantId)}#DETECTIONCOUNTS#${part(month)}`,
  eni: (tenantId: string, eniId: string): Key => ({
    pk: tenantPrefix(tenantId),
    sk: `ENI#${part(eniId)}`,
  }),
  /** Where all network interfaces of a tenant are. */
  enisOf: (tenantId: string) => ({ pk: tenantPrefix(tenantId), prefix: 'ENI#' }),
  eniRegister: (tenantId: string): Key => ({ pk: tenantPrefix(tenantId), sk: 'ENIS' }),
  eniLookup: (eniId: string): Key => ({ pk: `ENI#${part(eniId)}`, sk: 'ENI' }),
  /** The tenant that recently reported an unclaimed interface. */
  eniReporter: (eniId: string): Key => ({ pk: `ENI#${part(eniId)}`, sk: 'REPORTER' }),
  vniLookup: (vni: number): Key => ({ pk: `VNI#${part(String(vni))}`, sk: 'VNI' }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  {
    what: 'detection',
    pk: 'TENANT#<tenant>#DETECTION#<detection>',
    sk: 'DETECTION',
    series: 'TENANT#<tenant>#DETECTIONS#<quarter> / <ts>#<detection>',
  },
  { what: 'network interface claimed by a tenant', pk: 'TENANT#<tenant>', sk: 'ENI#<interface>' },
  { what: 'VNI and number of interfaces of a tenant', pk: 'TENANT#<tenant>', sk: 'ENIS' },
  { what: 'network interface → tenant', pk: 'ENI#<interface>', sk: 'ENI' },
  { what: 'network interface → tenant that reports it', pk: 'ENI#<interface>', sk: 'REPORTER' },
  { what: 'VNI → tenant', pk: 'VNI#<number>', sk: 'VNI' },
  {
    what: "count of a tenant's detections",
    pk: 'TENANT#<tenant>#DETECTIONCOUNTS#<month>',
    sk: '<LABEL or SOURCE>#<day>#<value>#<days kept>#<shard>',
  },
];

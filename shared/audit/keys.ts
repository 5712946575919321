import {
  type ItemKind,
  type Key,
  type KeyFamily,
  part,
  tenantPattern,
  tenantPrefix,
} from '../table/family.ts';

export const auditEntryPartition: KeyFamily = {
  name: 'auditEntryPartition',
  pattern: `${tenantPattern}#AUDIT#*`,
};
export const auditChainPartition: KeyFamily = {
  name: 'auditChainPartition',
  pattern: `${tenantPattern}#AUDIT-CHAIN`,
};
export const auditPendingPartition: KeyFamily = {
  name: 'auditPendingPartition',
  pattern: 'AUDIT-PENDING#*',
};
export const auditNobodyPartition: KeyFamily = {
  name: 'auditNobodyPartition',
  pattern: 'AUDIT-NOBODY#*',
};
export const auditDays: KeyFamily = { name: 'auditDays', pattern: 'AUDIT-DAY#*', isIndex: true };

/** Partitions of pointers, and of the blocks of a day: each has the tenants of one shard. */
export const auditShards = 8;

/** The shard of a tenant: always the same, so that one run of the chain's worker sees all its pointers. */
export function shardOf(tenantId: string): number {
  let hash = 0;
  for (const character of tenantId) hash = (hash * 31 + character.charCodeAt(0)) % 65_521;
  return hash % auditShards;
}

const entriesOf = (tenantId: string, month: string) =>
  `${tenantPrefix(tenantId)}#AUDIT#${part(month)}`;
const chainOf = (tenantId: string) => `${tenantPrefix(tenantId)}#AUDIT-CHAIN`;
const pendingOf = (shard: number) => `AUDIT-PENDING#${part(String(shard))}`;

const sequenceDigits = 12;

export const auditKeys = {
  entry: (tenantId: string, month: string, entryId: string): Key => ({
    pk: entriesOf(tenantId, month),
    sk: part(entryId),
  }),
  /** Where the entries of a tenant of a month (`2026-11`, UTC) are. */
  entriesOf,
  /** What says that an entry is in no block yet. */
  pending: (shard: number, entryId: string): Key => ({ pk: pendingOf(shard), sk: part(entryId) }),
  /** Where the pointers of a shard are. */
  pendingOf,
  block: (tenantId: string, sequence: number): Key => ({
    pk: chainOf(tenantId),
    sk: part(String(sequence).padStart(sequenceDigits, '0')),
  }),
  /** Where the blocks of a tenant are. */
  chainOf,
  /** Partition of the blocks that were made on a day, UTC, in the series index. */
  day: (day: string, shard: number): string => `AUDIT-DAY#${part(day)}#${part(String(shard))}`,
  /** What is written instead of an entry where there is no tenant to write it for, and never read. */
  nobody: (id: string, half: string): Key => ({
    pk: `AUDIT-NOBODY#${part(id)}`,
    sk: part(half),
  }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  { what: 'entry of the audit log', pk: 'TENANT#<tenant>#AUDIT#<month>', sk: '<entry>' },
  { what: 'audit entry that is in no block yet', pk: 'AUDIT-PENDING#<shard>', sk: '<entry>' },
  {
    what: 'block of the chain over audit entries',
    pk: 'TENANT#<tenant>#AUDIT-CHAIN',
    sk: '<number>',
    series: 'AUDIT-DAY#<day>#<shard> / <tenant>#<number>',
  },
  {
    what: 'weight of an audit entry that has no tenant',
    pk: 'AUDIT-NOBODY#<id>',
    sk: 'ENTRY, POINTER',
  },
];

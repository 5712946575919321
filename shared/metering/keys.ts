import {
  type ItemKind,
  type Key,
  type KeyFamily,
  part,
  tenantPattern,
  tenantPrefix,
} from '../table/family.ts';
import type { Hour } from './hours.ts';

export const usagePartition: KeyFamily = {
  name: 'usagePartition',
  pattern: `${tenantPattern}#USAGE#*`,
};
export const meteredPartition: KeyFamily = { name: 'meteredPartition', pattern: 'METERED#*' };
/** Usage that AWS Marketplace did not accept, in the series index. */
export const failedUsage: KeyFamily = {
  name: 'failedUsage',
  pattern: 'USAGE-FAILED#ALL',
  isIndex: true,
};

const usageOf = (tenantId: string, licenseId: string) =>
  `${tenantPrefix(tenantId)}#USAGE#${part(licenseId)}`;
const hourPrefix = (hour: Hour, dimension: string) => `HOUR#${part(hour)}#${part(dimension)}`;

export const meteringKeys = {
  /** Where the usage of a tenant's license is. */
  usageOf,
  /** The counter of an hour, and the state of what was reported of it. */
  hour: (tenantId: string, licenseId: string, hour: Hour, dimension: string): Key => ({
    pk: usageOf(tenantId, licenseId),
    sk: hourPrefix(hour, dimension),
  }),
  /** A part of an hour: usage with tags by their hash, or what one shard of a meter counted. */
  hourPart: (
    tenantId: string,
    licenseId: string,
    { hour, dimension, name }: { hour: Hour; dimension: string; name: string },
  ): Key => ({
    pk: usageOf(tenantId, licenseId),
    sk: `${hourPrefix(hour, dimension)}#${part(name)}`,
  }),
  month: (tenantId: string, licenseId: string, month: string, dimension: string): Key => ({
    pk: usageOf(tenantId, licenseId),
    sk: `MONTH#${part(month)}#${part(dimension)}`,
  }),
  /** A report that was taken, by the hash of its idempotency key. */
  report: (tenantId: string, hash: string): Key => ({
    pk: `${tenantPrefix(tenantId)}#USAGE#KEY.${part(hash)}`,
    sk: 'KEY',
  }),
  /** A license whose usage is metered. */
  metered: (shard: number, licenseId: string): Key => ({
    pk: `METERED#${shard}`,
    sk: part(licenseId),
  }),
  /** Which run is at work, and where the last one has stopped. */
  run: (): Key => ({ pk: 'METERED#RUN', sk: 'RUN' }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  {
    what: 'usage of an hour',
    pk: 'TENANT#<tenant>#USAGE#<license>',
    sk: 'HOUR#<hour>#<dimension>',
    series: 'USAGE-FAILED#ALL / <hour>#<tenant>#<license>#<dimension>, when AWS did not accept it',
  },
  {
    what: 'usage of an hour with tags, or of one shard of a meter',
    pk: 'TENANT#<tenant>#USAGE#<license>',
    sk: 'HOUR#<hour>#<dimension>#<hash or shard>',
  },
  {
    what: 'usage of a month',
    pk: 'TENANT#<tenant>#USAGE#<license>',
    sk: 'MONTH#<month>#<dimension>',
  },
  { what: 'report of usage', pk: 'TENANT#<tenant>#USAGE#KEY.<hash>', sk: 'KEY' },
  { what: 'license that is metered', pk: 'METERED#<shard>', sk: '<license>' },
  { what: 'run of the metering', pk: 'METERED#RUN', sk: 'RUN' },
];

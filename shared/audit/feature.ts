import { defineFeature } from '../contract/feature.ts';
import { sealingKeySecret } from '../contract/secrets.ts';
import * as buckets from './buckets.ts';
import * as contract from './contract.ts';
import { auditIds } from './ids.ts';
import * as keys from './keys.ts';
import * as operations from './operations.ts';

/** The audit log of each tenant: entries that functions can only add, chained and exported. */
export const audit = defineFeature({
  id: 'audit',
  isCore: true,
  endpoints: [contract.listAuditEvents],
  workers: [contract.chainAuditEntries, contract.exportAuditDays],
  operations: Object.values(operations),
  ids: [auditIds],
  families: [
    keys.auditEntryPartition,
    keys.auditChainPartition,
    keys.auditPendingPartition,
    keys.auditNobodyPartition,
    keys.auditDays,
  ],
  keys: keys.auditKeys,
  items: keys.items,
  buckets: Object.values(buckets),
  auditing: {
    table: [
      [keys.auditEntryPartition, ['PutItem']],
      [keys.auditPendingPartition, ['PutItem']],
    ],
    secrets: [sealingKeySecret],
  },
});

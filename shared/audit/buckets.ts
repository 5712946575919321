import type { Bucket } from '../contract/buckets.ts';

export const auditExports: Bucket = {
  name: 'audit-exports',
  variable: 'AUDIT_EXPORTS_BUCKET',
  description: 'The audit log of every day, which nothing can change for a year',
};

import { defineAuditKind } from '../contract/audit.ts';

export const tenantRenamed = defineAuditKind({
  type: 'tenant.renamed',
  description: 'The tenant was renamed. Subject: the tenant. Data: `version`.',
});

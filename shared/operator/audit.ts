import { defineAuditKind } from '../contract/audit.ts';

export const tenantHeld = defineAuditKind({
  type: 'tenant.held',
  description:
    'An operator suspended the tenant. Subject: the tenant. Data: `reason`, in their words.',
});

export const tenantRestored = defineAuditKind({
  type: 'tenant.restored',
  description:
    'An operator ended their suspension of the tenant. Subject: the tenant. Data: `reason`.',
});

export const planOverridden = defineAuditKind({
  type: 'tenant.plan_overridden',
  description:
    'An operator gave the tenant a plan, or took it back. Subject: the tenant. Data: `plan`, which may be `none`, and `reason`.',
});

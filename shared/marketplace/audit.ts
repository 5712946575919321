import { defineAuditKind } from '../contract/audit.ts';

export const tenantRegistered = defineAuditKind({
  type: 'tenant.registered',
  description:
    'The tenant was created by a purchase in AWS Marketplace; the actor is the AWS account of the buyer. Subject: the tenant. Data: `license_id`, `product_code`.',
});

export const licenseLinked = defineAuditKind({
  type: 'license.linked',
  description: 'A license of another registration was linked to the tenant. Subject: the license.',
});

export const profileCompleted = defineAuditKind({
  type: 'tenant.profile_completed',
  description: 'The profile of a purchase was completed by its owner. Subject: the tenant.',
});

export const standingChanged = defineAuditKind({
  type: 'tenant.standing_changed',
  description:
    'What the tenant may do has changed: by its licenses, or by an operator. Subject: the tenant. Data: `status`, `subscription`, `plan` after it.',
});

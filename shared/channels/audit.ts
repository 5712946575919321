import { defineAuditKind } from '../contract/audit.ts';

export const credentialsSaved = defineAuditKind({
  type: 'credentials.saved',
  description:
    'The keys of a seller marketplace were saved. Subject: the marketplace. Data: `is_verified`.',
});

export const credentialsDeleted = defineAuditKind({
  type: 'credentials.deleted',
  description:
    'The keys of seller marketplaces were deleted, if there were any. Data: `marketplaces`.',
});

import { defineAuditKind } from '../contract/audit.ts';

export const apiKeyCreated = defineAuditKind({
  type: 'api_key.created',
  description: 'An API key was created. Subject: the key. Data: `scopes`, `expires_at`.',
});

export const apiKeyDeleted = defineAuditKind({
  type: 'api_key.deleted',
  description: 'An API key was deleted. Subject: the key.',
});

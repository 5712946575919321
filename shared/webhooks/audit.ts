import { defineAuditKind } from '../contract/audit.ts';

export const webhookCreated = defineAuditKind({
  type: 'webhook.created',
  description: 'A webhook was created. Subject: the webhook. Data: `events`.',
});

export const webhookChanged = defineAuditKind({
  type: 'webhook.changed',
  description:
    'A webhook was changed. Subject: the webhook. Data: `changed`, the names of members.',
});

export const webhookSecretRotated = defineAuditKind({
  type: 'webhook.secret_rotated',
  description: 'A webhook got a new secret. Subject: the webhook.',
});

export const webhookDeleted = defineAuditKind({
  type: 'webhook.deleted',
  description: 'A webhook was deleted. Subject: the webhook.',
});

export const webhookSwitchedOff = defineAuditKind({
  type: 'webhook.disabled',
  description:
    'A webhook was switched off because of its receiver. Subject: the webhook. Data: `reason` (`gone`, `failing`).',
});

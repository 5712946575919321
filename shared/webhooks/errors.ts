import type { ErrorKind } from '../contract/errors.ts';

export const tooManyWebhooks: ErrorKind = {
  code: 'too_many_webhooks',
  status: 409,
  title: 'Too many webhooks',
  detail: 'This tenant has as many webhooks as it may have. Delete one first.',
};

export const webhookDisabled: ErrorKind = {
  code: 'webhook_disabled',
  status: 409,
  title: 'Webhook disabled',
  detail: 'This webhook is switched off. Switch it on first: PATCH with enabled true.',
};

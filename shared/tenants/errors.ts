import type { ErrorKind } from '../contract/errors.ts';

export const subscriptionPending: ErrorKind = {
  code: 'subscription_pending',
  status: 403,
  title: 'Subscription pending',
  detail: 'Your subscription is being activated. Try again in a few minutes.',
};

export const tenantSuspended: ErrorKind = {
  code: 'tenant_suspended',
  status: 403,
  title: 'Tenant suspended',
  detail: 'The subscription of this tenant has ended.',
};

import type { ErrorKind } from '../contract/errors.ts';

export const invalidRegistrationToken: ErrorKind = {
  code: 'invalid_registration_token',
  status: 400,
  title: 'Invalid registration token',
  detail:
    'AWS Marketplace does not know this registration token. In the AWS console, open AWS Marketplace > Manage subscriptions, choose the product and click "Set up your account" again.',
};

export const expiredRegistrationToken: ErrorKind = {
  code: 'expired_registration_token',
  status: 400,
  title: 'Expired registration token',
  detail:
    'This registration token has expired. In the AWS console, open AWS Marketplace > Manage subscriptions, choose the product and click "Set up your account" for a fresh one.',
};

export const wrongProduct: ErrorKind = {
  code: 'wrong_product',
  status: 400,
  title: 'Wrong product',
  detail: 'This registration token belongs to another AWS Marketplace product.',
};

export const invalidTicket: ErrorKind = {
  code: 'invalid_ticket',
  status: 401,
  title: 'Invalid registration ticket',
  detail:
    'The registration ticket is invalid or has expired. Return to AWS Marketplace and click "Set up your account" again.',
};

export const profileCompleted: ErrorKind = {
  code: 'profile_completed',
  status: 409,
  title: 'Profile already completed',
  detail: 'The profile of this tenant is complete. Sign in instead.',
};

export const marketplaceMisconfigured: ErrorKind = {
  code: 'marketplace_misconfigured',
  status: 500,
  title: 'Internal error',
  detail: 'AWS Marketplace refused our request. We have been alerted; try again later.',
};

export const marketplaceUnavailable: ErrorKind = {
  code: 'marketplace_unavailable',
  status: 503,
  title: 'AWS Marketplace unavailable',
  detail: 'AWS Marketplace did not answer. Nothing is lost: try again in a moment.',
};

export const licenseLinked: ErrorKind = {
  code: 'license_linked',
  status: 409,
  title: 'License linked already',
  detail: 'This purchase belongs to a tenant whose profile is complete. Sign in there instead.',
};

import type { ErrorKind } from '../contract/errors.ts';

export const noCredentials: ErrorKind = {
  code: 'no_credentials',
  status: 409,
  title: 'No seller credentials',
  detail: 'This tenant has no credentials for that seller marketplace. Save them first.',
};

export const sellerKeyRefused: ErrorKind = {
  code: 'seller_key_refused',
  status: 422,
  title: 'Seller key refused',
  detail:
    'The seller marketplace does not accept this key. Check that it is complete, not expired and not revoked.',
};

export const sellerKeyScope: ErrorKind = {
  code: 'seller_key_scope',
  status: 422,
  title: 'Seller key lacks access',
  detail:
    'The seller marketplace accepts this key, but it lacks a category or role that reading products needs.',
};

export const sellerUnavailable: ErrorKind = {
  code: 'seller_unavailable',
  status: 503,
  title: 'Seller marketplace unavailable',
  detail:
    'The seller marketplace did not answer as it should, so the key could not be tried. Try again, or save it untried with save_unverified.',
};

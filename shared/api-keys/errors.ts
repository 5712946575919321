import type { ErrorKind } from '../contract/errors.ts';

export const invalidApiKey: ErrorKind = {
  code: 'invalid_api_key',
  status: 401,
  title: 'Invalid API key',
  detail: 'A valid API key is required in the X-Api-Key header.',
};

export const insufficientScope: ErrorKind = {
  code: 'insufficient_scope',
  status: 403,
  title: 'Insufficient scope',
  detail: 'The API key lacks the scope that this endpoint needs.',
};

export const tooManyApiKeys: ErrorKind = {
  code: 'too_many_api_keys',
  status: 409,
  title: 'Too many API keys',
  detail: 'This tenant has as many API keys as it may have. Delete one first.',
};

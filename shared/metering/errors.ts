import type { ErrorKind } from '../contract/errors.ts';

export const unknownDimension: ErrorKind = {
  code: 'unknown_dimension',
  status: 422,
  title: 'Unknown dimension',
  detail: 'No product that is sold here meters a dimension of this name.',
};

export const noMeteredLicense: ErrorKind = {
  code: 'no_metered_license',
  status: 409,
  title: 'No license for this usage',
  detail: 'This tenant has no such active license that meters the dimension.',
};

export const idempotencyKeyReused: ErrorKind = {
  code: 'idempotency_key_reused',
  status: 409,
  title: 'Idempotency key used already',
  detail:
    'This idempotency_key came with another report before. Send each report with a key of its own, and repeat it unchanged.',
};

import type { ErrorKind } from '../contract/errors.ts';

export const eniClaimed: ErrorKind = {
  code: 'eni_claimed',
  status: 409,
  title: 'Network interface claimed',
  detail:
    'Another tenant has claimed a network interface of this list, so none was registered; see errors.',
};

export const tooManyEnis: ErrorKind = {
  code: 'too_many_enis',
  status: 409,
  title: 'Too many network interfaces',
  detail: 'This tenant has as many network interfaces as it may have. Delete one first.',
};

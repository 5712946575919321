import * as contract from '../../shared/identity/contract.ts';
import { type Sample, sample } from '../samples.ts';
import { newEmail, password } from '../tenant.ts';

export const samples: readonly Sample[] = [
  sample(contract.register, {
    arrange: () => ({ body: { email: newEmail(), password, company_name: 'Example Ltd' } }),
  }),
  sample(contract.login, { arrange: ({ email }) => ({ body: { email, password } }) }),
  sample(contract.refresh, {
    arrange: ({ refreshToken }) => ({ body: { refresh_token: refreshToken } }),
  }),
  sample(contract.logout),
];

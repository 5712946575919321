import { newEmail, password } from '../../harness/tenant.ts';
import { login, refresh } from '../../shared/identity/contract.ts';
import type { CapacityCase } from '../capacity-cases.ts';

export const capacityCases: readonly CapacityCase[] = [
  { endpoint: login },
  {
    endpoint: login,
    when: 'a wrong password',
    status: 401,
    request: ({ email }) => ({ body: { email, password: 'another horse battery' } }),
  },
  {
    endpoint: login,
    when: 'an unknown email',
    status: 401,
    request: () => ({ body: { email: newEmail(), password } }),
  },
  { endpoint: refresh },
  {
    endpoint: refresh,
    when: 'a retry within the grace',
    request: async ({ refreshToken, call }) => {
      const body = { refresh_token: refreshToken };
      await call(refresh, { body });
      return { body };
    },
  },
];

import type { Limit } from '../contract/limits.ts';

export const credentialsPerUser: Limit = {
  name: 'credentials.user',
  quota: 10,
  windowSeconds: 900,
};
export const credentialsPerTenant: Limit = {
  name: 'credentials.tenant',
  quota: 30,
  windowSeconds: 3600,
};

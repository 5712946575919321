import type { Limit } from '../contract/limits.ts';

export const marketplacePerAddress: Limit = {
  name: 'marketplace.address',
  quota: 120,
  windowSeconds: 3600,
};

export const linkPerTenant: Limit = { name: 'marketplace.link', quota: 20, windowSeconds: 3600 };

import type { Limit } from '../contract/limits.ts';

export const syncPerTenant: Limit = { name: 'sync.tenant', quota: 30, windowSeconds: 3600 };

import type { Limit } from '../contract/limits.ts';

export const usagePerTenant: Limit = { name: 'usage.tenant', quota: 600, windowSeconds: 60 };

import type { Limit } from '../contract/limits.ts';

export const ingestPerKey: Limit = { name: 'ingest.key', quota: 600, windowSeconds: 60 };
export const ingestPerAddress: Limit = { name: 'ingest.address', quota: 600, windowSeconds: 60 };
export const ingestPerTenant: Limit = { name: 'ingest.tenant', quota: 3000, windowSeconds: 60 };
export const exportPerTenant: Limit = { name: 'export.tenant', quota: 10, windowSeconds: 3600 };
/** Claims of network interfaces, so that they cannot be tried out by the thousand. */
export const enisPerTenant: Limit = { name: 'enis.tenant', quota: 120, windowSeconds: 3600 };

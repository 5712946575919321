import type { IdKind } from '../contract/ids.ts';

export const tenantIds: IdKind = { prefix: 'tnt', of: 'tenants' };

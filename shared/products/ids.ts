import type { IdKind } from '../contract/ids.ts';

export const productIds: IdKind = { prefix: 'prd', of: 'products' };
export const syncIds: IdKind = { prefix: 'syn', of: 'sync runs' };

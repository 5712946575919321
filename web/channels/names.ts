import type { MarketplaceName } from '../../shared/contract/schemas.ts';

/** Where tenants sell, as people call it. */
export const marketplaceNames: Readonly<Record<MarketplaceName, string>> = {
  wildberries: 'Wildberries',
  ozon: 'Ozon',
};

/** The same as pairs, for forms. */
export const marketplaces = Object.entries(marketplaceNames) as [MarketplaceName, string][];

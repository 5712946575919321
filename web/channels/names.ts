import type { ChannelName } from '../../shared/channels/names.ts';

/** Where tenants sell, as people call it. */
export const marketplaceNames: Readonly<Record<ChannelName, string>> = {
  wildberries: 'Wildberries',
  ozon: 'Ozon',
};

/** The same as pairs, for forms. */
export const marketplaces = Object.entries(marketplaceNames) as [ChannelName, string][];

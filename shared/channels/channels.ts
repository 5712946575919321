import type { MarketplaceName } from '../contract/schemas.ts';
import type { Seller } from './adapter.ts';
import { ozon } from './ozon.ts';
import { wildberries } from './wildberries.ts';

/** Every seller marketplace whose products a tenant may bring. */
export const sellers: Readonly<Record<MarketplaceName, Seller>> = { wildberries, ozon };

/** The variable that tells functions where the API of a marketplace is: `OZON_URL`. */
export const sellerUrlVariable = (marketplace: string): string =>
  `${marketplace.toUpperCase()}_URL`;

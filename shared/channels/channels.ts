import type { ChannelAdapter } from './adapter.ts';
import type { ChannelName } from './names.ts';
import { ozon } from './ozon.ts';
import { wildberries } from './wildberries.ts';

/** Every seller marketplace whose products a tenant may bring. */
export const channels: Readonly<Record<ChannelName, ChannelAdapter>> = { wildberries, ozon };

/** The variable that tells functions where the API of a marketplace is: `OZON_URL`. */
export const channelUrlVariable = (marketplace: string): string =>
  `${marketplace.toUpperCase()}_URL`;

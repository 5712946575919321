import type { ChannelAdapter } from './adapter.ts';
import type { ChannelName } from './names.ts';
import { ozon } from './ozon.ts';
import { wildberries } from './wildberries.ts';

/** Every supported seller marketplace. */
export const channels: Readonly<Record<ChannelName, ChannelAdapter>> = { wildberries, ozon };

/** The environment variable with the address of a marketplace's API: `OZON_URL`. */
export const channelUrlVariable = (marketplace: string): string =>
  `${marketplace.toUpperCase()}_URL`;

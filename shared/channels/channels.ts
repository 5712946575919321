import type { ChannelAdapter } from './adapter.ts';
import type { ChannelName } from './names.ts';
import { ozon } from './ozon.ts';
import { wildberries } from './wildberries.ts';

/** How each seller marketplace is called whose products a tenant may bring. */
export const adapters: Readonly<Record<ChannelName, ChannelAdapter>> = { wildberries, ozon };

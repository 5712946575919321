import type { ChannelAdapter } from './adapter.ts';
import type { ChannelName } from './names.ts';
import { ozon } from './ozon.ts';
import { wildberries } from './wildberries.ts';

/** Every seller marketplace whose products a tenant may bring. */
export const channels: Readonly<Record<ChannelName, ChannelAdapter>> = { wildberries, ozon };

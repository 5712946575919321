import * as z from 'zod/mini';

/** The seller marketplaces. Only ever appended to: catalogues of products store places in this list. */
export const channelNames = ['wildberries', 'ozon'] as const;
export const ChannelName = z.enum(channelNames);
export type ChannelName = z.infer<typeof ChannelName>;

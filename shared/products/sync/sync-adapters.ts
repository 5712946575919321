import { sellerCall } from '../../channels/call.ts';
import { sellers } from '../../channels/channels.ts';
import { credentialsVersion, openCredentials } from '../../channels/credentials.ts';
import { publish } from '../../webhooks/events.ts';
import { startServices } from './start-adapters.ts';
import type { PageReader, SyncServices } from './sync-ports.ts';

/** What a sync needs of the rest of the product, in production. */
export const syncServices: SyncServices = {
  ...startServices,
  openSeller: async (tenantId, marketplace) => {
    const { credentials, isVerified, version } = await openCredentials(tenantId, marketplace);
    // Pages have deadlines of their own, but what one has read for all is not read again.
    const { once } = sellerCall({ deadlineMs: 0 });
    const read: PageReader = (cursor, deadlineMs) =>
      sellers[marketplace].page(credentials, cursor, {
        ...sellerCall({ deadlineMs, isVerified }),
        once,
      });
    return { version, read };
  },
  credentialsVersion,
  publish,
};

import { channelCall } from '../../channels/call.ts';
import { adapters } from '../../channels/channels.ts';
import { credentialsVersion, openCredentials } from '../../channels/credentials.ts';
import type { PageReader, SyncPorts } from './ports.ts';
import { startAdapters, syncPublisher } from './start-adapters.ts';

/** What a sync needs of the rest of the product, in production. */
export const syncAdapters: SyncPorts = {
  ...startAdapters,
  openChannel: async (tenantId, channel) => {
    const { credentials, isVerified, version } = await openCredentials(tenantId, channel);
    // Each page has its own deadline, but what one has read for all is not read again.
    const { once } = channelCall({ deadlineMs: 0 });
    const read: PageReader = (cursor, deadlineMs) =>
      adapters[channel].page(credentials, cursor, {
        ...channelCall({ deadlineMs, isVerified }),
        once,
      });
    return { version, read };
  },
  credentialsVersion,
  ...syncPublisher,
};

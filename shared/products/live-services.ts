import { openCredentials } from '../credentials.ts';
import { publish } from '../events.ts';
import { sellerCall } from '../sellers/call.ts';
import { sellers } from '../sellers/sellers.ts';
import { startServices } from './start-services.ts';
import type { SyncServices } from './sync-services.ts';

/** What a sync needs of the rest of the product, in production. */
export const syncServices: SyncServices = {
  ...startServices,
  openSeller: async (tenantId, marketplace) => {
    const { credentials, isVerified } = await openCredentials(tenantId, marketplace);
    // Pages have deadlines of their own, but what one has read for all is not read again.
    const { once } = sellerCall({ deadlineMs: 0 });
    return (cursor, deadlineMs) =>
      sellers[marketplace].page(credentials, cursor, {
        ...sellerCall({ deadlineMs, isVerified }),
        once,
      });
  },
  publish,
};

import * as z from 'zod/mini';
import { channelKeys } from '../../channels/keys.ts';
import { ChannelName } from '../../channels/names.ts';
import { publish } from '../../events/publish.ts';
import { send } from '../../runtime/queues.ts';
import { query } from '../../table/table.ts';
import { syncQueue } from '../queue.ts';
import type { SyncPorts } from './ports.ts';

const SavedCredential = z.object({ marketplace: ChannelName });

/** What starting a sync needs of the rest of the product. */
export const startAdapters: Pick<SyncPorts, 'channels' | 'send'> = {
  channels: async (tenantId) => {
    const { pk, prefix } = channelKeys.credentialsOf(tenantId);
    const { Items = [] } = await query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
      ProjectionExpression: 'marketplace',
      ConsistentRead: true,
    });
    return Items.map((item) => SavedCredential.parse(item).marketplace);
  },
  send: (message, delaySeconds = 0) => send(syncQueue, message, { delaySeconds }),
};

/** How a sync publishes its events. */
export const syncPublisher: Pick<SyncPorts, 'publish'> = {
  publish: (tenantId, { kind, data }) => publish(tenantId, kind, data),
};

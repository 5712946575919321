import * as z from 'zod';
import { channelKeys } from '../../channels/keys.ts';
import { ChannelName } from '../../contract/schemas.ts';
import { defineQueue, send } from '../../runtime/queues.ts';
import { query } from '../../table/table.ts';
import type { SyncPorts } from './sync-ports.ts';

/** The runs that a worker shall go on with. */
export const syncQueue = defineQueue(
  'sync',
  z.strictObject({ tenant_id: z.string(), run_id: z.string() }),
);

const SavedCredential = z.object({ marketplace: ChannelName });

/** What starting a sync needs of the rest of the product. */
export const startAdapters: Pick<SyncPorts, 'marketplaces' | 'send'> = {
  marketplaces: async (tenantId) => {
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

import type { EventSubscriber } from '../events/subscriber.ts';
import { TtlCache } from '../runtime/ttl-cache.ts';
import { deliveryOf, enqueue } from './deliveries.ts';
import { readWebhooks } from './webhooks.ts';

interface Listener {
  readonly id: string;
  readonly events: readonly string[];
}

const cache = new TtlCache<readonly Listener[]>();

/**
 * The webhooks of a tenant that are switched on, remembered for at most 30 seconds in a container.
 */
async function listenersOf(tenantId: string): Promise<readonly Listener[]> {
  const known = cache.get(tenantId);
  if (known) return known;
  const listeners = (await readWebhooks(tenantId, { consistent: false }))
    .filter(({ enabled }) => enabled)
    .map(({ id, events }) => ({ id, events }));
  cache.set(tenantId, listeners);
  return listeners;
}

/** Stores and queues a delivery to each webhook that asks for the event. The sweep finds lost ones. */
export const deliverToWebhooks: EventSubscriber = async (tenantId, type) => {
  const listeners = (await listenersOf(tenantId)).filter(({ events }) => events.includes(type));
  return {
    writeCount: listeners.length,
    prepare: (event) => {
      const made = listeners.map(({ id }) => deliveryOf(tenantId, id, event));
      return {
        writes: made.map(({ write }) => write),
        send: async () => void (await Promise.all(made.map(({ delivery }) => enqueue(delivery)))),
      };
    },
  };
};

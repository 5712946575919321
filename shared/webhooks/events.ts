import type { EventType } from '../contract/events.ts';
import { newId } from '../runtime/ids.ts';
import { TtlCache } from '../runtime/ttl-cache.ts';
import { transact, type Write } from '../table/table.ts';
import { deliveryOf, enqueue } from './deliveries.ts';
import { readWebhooks } from './webhooks.ts';

export interface HappenedEvent {
  readonly type: EventType;
  /** Ids and figures, not whole records: receivers read those with their own rights. */
  readonly data: Record<string, unknown>;
}

interface Listener {
  readonly id: string;
  readonly events: readonly string[];
}

const remembered = new TtlCache<readonly Listener[]>();

/**
 * Ids of the tenant's webhooks that are switched on and want events of a type, remembered for at
 * most 30 seconds in a container.
 */
export async function listenersOf(tenantId: string, type: EventType): Promise<readonly string[]> {
  let listeners = remembered.get(tenantId);
  if (!listeners) {
    listeners = (await readWebhooks(tenantId, { consistent: false }))
      .filter(({ enabled }) => enabled)
      .map(({ id, events }) => ({ id, events }));
    remembered.set(tenantId, listeners);
  }
  return listeners.filter(({ events }) => events.includes(type)).map(({ id }) => id);
}

/** The deliveries of an event, one for each listener. */
export interface EventDeliveries {
  /** For the transaction of what happens: both are stored or neither. */
  readonly writes: readonly Write[];
  /** Sends them on their way once they are stored. What is lost here, the sweep makes up for. */
  send(): Promise<void>;
}

/** Makes the deliveries of an event to listeners. Stores nothing. */
export function deliveriesOf(
  tenantId: string,
  listeners: readonly string[],
  event: HappenedEvent,
): EventDeliveries {
  const happened = { ...event, id: newId('msg'), occurredAtMs: Date.now() };
  const made = listeners.map((webhookId) => deliveryOf(tenantId, webhookId, happened));
  return {
    writes: made.map(({ write }) => write),
    send: async () => void (await Promise.all(made.map(({ delivery }) => enqueue(delivery)))),
  };
}

/** Makes the deliveries of an event to whoever in the tenant listens. Stores nothing. */
export async function prepareEvent(
  tenantId: string,
  event: HappenedEvent,
): Promise<EventDeliveries> {
  return deliveriesOf(tenantId, await listenersOf(tenantId, event.type), event);
}

/**
 * Tells the tenant's webhooks of something that is stored already. Returns once the deliveries are
 * durable, and throws when they are not: for callers that will come again.
 */
export async function publish(tenantId: string, event: HappenedEvent): Promise<void> {
  const { writes, send } = await prepareEvent(tenantId, event);
  if (writes.length === 0) return;
  if (await transact(writes)) throw new Error('A new delivery cannot exist already');
  await send();
}

import type { EventType } from './contract/events.ts';
import { makeDelivery } from './deliveries.ts';
import { newId } from './ids.ts';
import { logger, recordMetric } from './observe.ts';
import { Remembered } from './remembered.ts';
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

const listeners = new Remembered<readonly Listener[]>();

/** The tenant's webhooks that are switched on, remembered for at most 30 seconds in a container. */
async function listenersOf(tenantId: string): Promise<readonly Listener[]> {
  const known = listeners.get(tenantId);
  if (known) return known;
  const found = (await readWebhooks(tenantId, { consistent: false }))
    .filter(({ enabled }) => enabled)
    .map(({ id, events }) => ({ id, events }));
  listeners.set(tenantId, found);
  return found;
}

/**
 * Tells the tenant's webhooks of something that has happened and is stored. Returns once the
 * deliveries are durable. Never throws: what happened stays, even if nobody can be told of it, and
 * then an alarm rings.
 */
export async function publish(tenantId: string, event: HappenedEvent): Promise<void> {
  try {
    const webhooks = await listenersOf(tenantId);
    const wanting = webhooks.filter(({ events }) => events.includes(event.type));
    const happened = { ...event, id: newId('msg'), occurredAtMs: Date.now() };
    const made = wanting.map(({ id }) => makeDelivery(tenantId, id, happened));
    const failed = (await Promise.allSettled(made)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  } catch (error) {
    recordMetric('EventLost', 1);
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    logger.error('event_lost', {
      tenant_id: tenantId,
      event_type: event.type,
      error_name: name,
      error_message: message,
    });
  }
}

import type { EventKind } from '../contract/events.ts';
import { newId } from '../runtime/ids.ts';
import { transact } from '../table/table.ts';
import { eventIds } from './ids.ts';
import type { PreparedEvent } from './subscriber.ts';
import { eventSubscribers } from './subscribers.ts';

/** Events of one kind in a tenant, for those who make several. */
export interface Announcer {
  /** Writes that each event takes. */
  readonly writeCount: number;
  /** Makes an event. Stores nothing. */
  prepare(data: Record<string, unknown>): PreparedEvent;
}

/** The way to announce events of a kind in a tenant. */
export async function announcerOf(tenantId: string, { type }: EventKind): Promise<Announcer> {
  const audiences = await Promise.all(
    eventSubscribers.map((subscriber) => subscriber(tenantId, type)),
  );
  return {
    writeCount: audiences.reduce((total, { writeCount }) => total + writeCount, 0),
    prepare: (data) => {
      const event = { id: newId(eventIds), type, data, occurredAtMs: Date.now() };
      const prepared = audiences.map((audience) => audience.prepare(event));
      return {
        writes: prepared.flatMap(({ writes }) => writes),
        send: async () => void (await Promise.all(prepared.map(({ send }) => send()))),
      };
    },
  };
}

/** Makes an event of what is about to happen in a tenant. Stores nothing. */
export async function prepareEvent(
  tenantId: string,
  kind: EventKind,
  data: Record<string, unknown>,
): Promise<PreparedEvent> {
  return (await announcerOf(tenantId, kind)).prepare(data);
}

/**
 * Announces something that is stored already. Returns once the event is durable, and throws when
 * it is not: for callers that will come again.
 */
export async function publish(
  tenantId: string,
  kind: EventKind,
  data: Record<string, unknown>,
): Promise<void> {
  const { writes, send } = await prepareEvent(tenantId, kind, data);
  if (writes.length === 0) return;
  if (await transact(writes)) throw new Error('A new event cannot exist already');
  await send();
}

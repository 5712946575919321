import type { Write } from '../table/table.ts';

/** An event as it happened. */
export interface HappenedEvent {
  readonly id: string;
  readonly type: string;
  /** Ids and figures, not whole records: receivers read those with their own rights. */
  readonly data: Record<string, unknown>;
  readonly occurredAtMs: number;
}

/** What an event needs for its subscribers to hear of it. */
export interface PreparedEvent {
  /** For the transaction of what happens: both are stored or neither. */
  readonly writes: readonly Write[];
  /** Sends it on its way once it is stored. What is lost here, the subscriber makes up for. */
  send(): Promise<void>;
}

/** The subscribers of one type of event in a tenant. */
export interface Audience {
  /** Writes that an event takes. */
  readonly writeCount: number;
  prepare(event: HappenedEvent): PreparedEvent;
}

/** A feature that hears of events. Listed in `shared/features.ts`. */
export type EventSubscriber = (tenantId: string, type: string) => Promise<Audience>;

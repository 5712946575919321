import type * as z from 'zod/mini';
import { once } from '../runtime/once.ts';

/** A message that functions send: it is about one tenant. */
export type TenantMessage = z.ZodMiniType<{ tenant_id: string }>;

/**
 * A queue and what its messages look like. Those that functions send name things by ids and hold
 * nothing else.
 */
export interface MessageQueue<M extends z.ZodMiniType = z.ZodMiniType> {
  readonly name: string;
  readonly message: M;
  /** It gets what EventBridge tells of this source. */
  readonly eventSource?: string;
  /** ARNs of the topics of Amazon SNS, in a stage, that it gets everything of. */
  readonly topics?: (stage: string) => readonly string[];
}

/** Declares a queue. The schema of its messages is made when the first one is read or sent. */
export function defineQueue<M extends z.ZodMiniType>(
  name: string,
  make: () => M,
  options: Pick<MessageQueue, 'eventSource' | 'topics'> = {},
): MessageQueue<M> {
  const message = once(make);
  return {
    ...options,
    name,
    get message() {
      return message();
    },
  };
}

/** `stock-mails` as a function that sends to it finds it: `STOCK_MAILS_QUEUE_URL`. */
export const queueVariable = ({ name }: Pick<MessageQueue, 'name'>): string =>
  `${name.toUpperCase().replaceAll('-', '_')}_QUEUE_URL`;

import type * as z from 'zod/mini';
import { once } from '../runtime/once.ts';

/** Every message is about one tenant. */
export type TenantMessage = z.ZodMiniType<{ tenant_id: string }>;

/** A queue and what its messages look like. Messages name things by ids and hold nothing else. */
export interface MessageQueue<M extends TenantMessage = TenantMessage> {
  readonly name: string;
  readonly message: M;
}

/** Declares a queue. The schema of its messages is made when the first one is read or sent. */
export function defineQueue<M extends TenantMessage>(name: string, make: () => M): MessageQueue<M> {
  const message = once(make);
  return {
    name,
    get message() {
      return message();
    },
  };
}

/** `stock-mails` as a function that sends to it finds it: `STOCK_MAILS_QUEUE_URL`. */
export const queueVariable = ({ name }: Pick<MessageQueue, 'name'>): string =>
  `${name.toUpperCase().replaceAll('-', '_')}_QUEUE_URL`;

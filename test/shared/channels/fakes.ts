import { afterAll, beforeAll } from 'vitest';
import type { AccountRequest, FakeChannel } from '../../../local/channels/fake.ts';
import type {
  ChannelAdapter,
  ChannelCall,
  ChannelLimit,
  ChannelProduct,
  Credentials,
} from '../../../shared/channels/adapter.ts';
import type { TokenBucket } from '../../../shared/channels/token-bucket.ts';

/** Time that passes only where somebody waits. The fake and its caller share it. */
export class VirtualClock {
  #nowMs = Date.parse('2026-11-20T00:00:00Z');
  readonly now = () => this.#nowMs;
  readonly wait = async (ms: number) => {
    this.#nowMs += Math.ceil(ms);
  };
}

/** A bucket of one process, for tests without a table. */
export function memoryBucket(): TokenBucket {
  const fullAt = new Map<string, number>();
  const nameOf = (account: string, { category }: ChannelLimit) => `${account} ${category}`;
  return {
    take: async ({ account, limit }, maxWaitMs, nowMs) => {
      const name = nameOf(account, limit);
      const full = Math.max(fullAt.get(name) ?? 0, nowMs);
      const waitMs = Math.max(0, full - (limit.burst - 1) * limit.intervalMs - nowMs);
      if (waitMs > maxWaitMs) return { isTaken: false, waitMs };
      fullAt.set(name, full + limit.intervalMs);
      return { isTaken: true, waitMs };
    },
    pause: async ({ account, limit }, ms, nowMs) => {
      const name = nameOf(account, limit);
      const full = nowMs + ms + (limit.burst - 1) * limit.intervalMs;
      fullAt.set(name, Math.max(fullAt.get(name) ?? 0, full));
    },
  };
}

export interface StandInAround {
  readonly clock: VirtualClock;
  readonly standIn: FakeChannel;
  /** A fresh way to the fake, as a new run of a function has it. */
  call(
    options?: Partial<import('../../../shared/channels/call.ts').ChannelCallOptions>,
  ): ChannelCall;
  account(request?: Parameters<FakeChannel['createAccount']>[0]): Credentials & { id: string };
}
export type { AccountRequest };

/** Starts a fake around the tests of a file, on a clock that does not need to be waited for. */
export function useStandIn(
  start: (options: { now: () => number }) => Promise<FakeChannel>,
  variable: string,
): StandInAround {
  const clock = new VirtualClock();
  let running: FakeChannel | undefined;
  let makeCall: typeof import('../../../shared/channels/call.ts').channelCall | undefined;
  beforeAll(async () => {
    running = await start({ now: clock.now });
    process.env[variable] = running.baseUrl;
    ({ channelCall: makeCall } = await import('../../../shared/channels/call.ts'));
  });
  afterAll(() => running?.stop());
  return {
    clock,
    get standIn() {
      if (!running) throw new Error('The fake has not been started');
      return running;
    },
    call: (options = {}) => {
      if (!makeCall) throw new Error('The fake has not been started');
      const hourMs = 3_600_000;
      return makeCall({
        deadlineMs: clock.now() + 24 * hourMs,
        bucket: memoryBucket(),
        now: clock.now,
        wait: clock.wait,
        ...options,
      });
    },
    account(request) {
      const { id, credentials } = this.standIn.createAccount(request);
      return { ...credentials, id };
    },
  };
}

/** All products, from a cursor on; every step by the call that `next` gives. */
export async function readAll(
  adapter: ChannelAdapter,
  { id: _, ...credentials }: Credentials & { id: string },
  nextCall: () => ChannelCall,
  cursor?: string,
): Promise<ChannelProduct[]> {
  const products: ChannelProduct[] = [];
  let next = cursor;
  do {
    const page = await adapter.page(credentials, next, nextCall());
    products.push(...page.products);
    next = page.next;
  } while (next !== undefined);
  return products;
}

/** The credentials of a fake's account alone. */
export const keyOf = ({ id: _, ...credentials }: Credentials & { id: string }): Credentials =>
  credentials;

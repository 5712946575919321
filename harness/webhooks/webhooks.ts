import { randomUUID } from 'node:crypto';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';
import { pretendBcrypt } from '../bcrypt.ts';
import type { Member, World } from '../world.ts';
import { type Receiver, startReceiver } from './receiver.ts';

export interface WebhookBody {
  id: string;
  url: string;
  events: string[];
  enabled: boolean;
  disabled_reason: string | null;
  previous_secret_until: string | null;
  secret: string;
  description: string | null;
}

export interface DeliveryBody {
  id: string;
  type: string;
  status: string;
  attempts: number;
  created_at: string;
  next_attempt_at: string | null;
  last_attempt_at: string | null;
  response_status: number | null;
  response_body: string | null;
  error: string | null;
}

const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => 30_000 } as Context;

/** Webhooks of tenants that cost nothing to make, their receiver, and the workers behind them. */
export function useWebhooks(world: World) {
  let receiver: Receiver | undefined;
  const theReceiver = () => {
    if (!receiver) throw new Error('The receiver has not started');
    return receiver;
  };
  beforeAll(async () => {
    process.env.WEBHOOK_ALLOW_PRIVATE = 'true';
    pretendBcrypt('not needed here');
    receiver = await startReceiver();
  });
  beforeEach(() => {
    theReceiver().answer = { status: 204 };
    theReceiver().received.splice(0);
    world.queued.splice(0);
  });
  afterAll(() => {
    process.env.WEBHOOK_ALLOW_PRIVATE = 'false';
    receiver?.stop();
    vi.restoreAllMocks();
  });

  const deliver = async (records: readonly string[]): Promise<SQSBatchResponse> => {
    const { handler } = await import('../../functions/webhooks/deliver.ts');
    const Records = records.map((body) => ({ messageId: randomUUID(), body, attributes: {} }));
    return handler({ Records } as unknown as SQSEvent, context);
  };
  const drain = async () => {
    for (let rounds = 0; world.queued.length > 0; rounds += 1) {
      if (rounds > 50) throw new Error('The queue does not get empty');
      await deliver(world.queued.splice(0, 10).map(({ body }) => body));
    }
  };
  const send = <T>(member: Member, method: string, path: string, body?: object) =>
    world.send<T>(method, `/api/v1/webhooks${path}`, {
      token: member.access_token,
      ...(body && { body }),
    });
  return {
    get receiver(): Receiver {
      return theReceiver();
    },
    send,
    /** A new tenant with a webhook that wants these events. */
    async fresh(...events: string[]): Promise<{ member: Member; webhook: WebhookBody }> {
      const member = await world.signUp();
      const { body } = await send<WebhookBody>(member, 'POST', '', {
        url: theReceiver().url,
        events: events.length ? events : ['tenant.updated'],
      });
      return { member, webhook: body };
    },
    rename: (member: Member, name: string) =>
      world.send('PATCH', '/api/v1/tenants/me', { token: member.access_token, body: { name } }),
    deliver,
    /** Works off what is queued, until nothing is. */
    drain,
    async sweep(): Promise<void> {
      const { handler } = await import('../../functions/webhooks/sweep.ts');
      await handler({}, context);
    },
    /** What the webhook was sent, at whatever time. */
    async deliveries(member: Member, webhook: WebhookBody): Promise<DeliveryBody[]> {
      const { listDeliveries } = await import('../../shared/webhooks/deliveries.ts');
      return (await listDeliveries(member.tenantId, webhook.id, { limit: 100 })).items;
    },
    /** The webhook as it is, at whatever time: access tokens end after a quarter of an hour. */
    async now(member: Member, webhook: WebhookBody) {
      const { getWebhook } = await import('../../shared/webhooks/webhooks.ts');
      return getWebhook(member.tenantId, webhook.id);
    },
  };
}

import { describe, expect, it } from 'vitest';
import { expectListed, named, recorded, unseenOf } from '../../../harness/metrics.ts';
import { useWebhooks } from '../../../harness/webhooks/webhooks.ts';
import { useWorld } from '../../../harness/world.ts';
import {
  messagesFailed,
  messagesReceived,
  scheduledRuns,
} from '../../../shared/contract/core-metrics.ts';
import { webhooks as feature } from '../../../shared/webhooks/feature.ts';
import { webhookAttempts } from '../../../shared/webhooks/metrics.ts';

const world = useWorld();
const webhooks = useWebhooks(world);

describe('the metrics of a whole journey', () => {
  it('are those of the list, with dimensions that are bounded and never an id', async () => {
    const { member, webhook } = await webhooks.fresh('tenant.updated');

    const metrics = await recorded(async () => {
      await webhooks.rename(member, 'New name');
      await webhooks.drain();
      webhooks.receiver.answer = { status: 410 };
      await webhooks.rename(member, 'Newer name');
      await webhooks.drain();
      await webhooks.deliver(['not json']);
      await webhooks.sweep();
    });

    expect(metrics.length).toBeGreaterThan(11);
    expectListed(metrics, [
      member.tenantId,
      member.userId,
      member.sessionId,
      webhook.id,
      member.email,
    ]);
    const ofWorkers = { metrics: [messagesFailed, messagesReceived, scheduledRuns] };
    expect(unseenOf([feature, ofWorkers], metrics)).toEqual([]);
  });

  it('have no other outcome than those of the list', async () => {
    const { recordMetric } = await import('../../../shared/runtime/metrics.ts');

    // @ts-expect-error -- there is no such outcome
    expect(() => recordMetric(webhookAttempts, 1, { outcome: 'lost' })).not.toThrow();
  });
});

describe('the worker of a queue', () => {
  it('counts what it took and what it failed at', async () => {
    const metrics = await recorded(() => webhooks.deliver(['{}', 'not json']));

    expect(named(metrics, 'MessagesReceived')).toEqual([{ value: 2, queue: 'webhooks' }]);
    expect(named(metrics, 'MessagesFailed')).toEqual([{ value: 2, queue: 'webhooks' }]);
  });
});

describe('a webhook', () => {
  it.each([
    [{ status: 204 }, 'delivered'],
    [{ status: 500 }, 'refused'],
    [{ status: 410 }, 'refused'],
  ])('that answers %j makes an attempt %s', async (answer, outcome) => {
    const { member } = await webhooks.fresh();
    webhooks.receiver.answer = answer;
    await webhooks.rename(member, 'New name');

    const metrics = await recorded(() =>
      webhooks.deliver(world.queued.splice(0).map(({ body }) => body)),
    );

    expect(named(metrics, 'WebhookAttempts')).toEqual([{ value: 1, outcome }]);
    expect(named(metrics, 'DeliveryLatency')).toHaveLength(1);
    expect(named(metrics, 'WebhookDisabled')).toHaveLength(answer.status === 410 ? 1 : 0);
  });

  it('that nobody listens at makes an attempt connection_failed', async () => {
    const member = await world.signUp();
    await webhooks.send(member, 'POST', '', {
      url: 'http://127.0.0.1:9/',
      events: ['tenant.updated'],
    });
    await webhooks.rename(member, 'New name');

    const metrics = await recorded(() =>
      webhooks.deliver(world.queued.splice(0).map(({ body }) => body)),
    );

    expect(named(metrics, 'WebhookAttempts')).toEqual([{ value: 1, outcome: 'connection_failed' }]);
  });
});

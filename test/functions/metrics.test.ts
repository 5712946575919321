import { readFileSync } from 'node:fs';
import type { Context, SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { sellersOf } from '../../harness/channels/sellers.ts';
import { hour, minute, second, travel } from '../../harness/clock.ts';
import { type Emitted, metricsOf } from '../../harness/emf.ts';
import { setTenantStatus } from '../../harness/items.ts';
import { outputOf } from '../../harness/output.ts';
import { useWebhooks } from '../../harness/webhooks/webhooks.ts';
import { type Member, useWorld } from '../../harness/world.ts';
import { latency, messagesReceived } from '../../shared/contract/core-metrics.ts';
import type { ValueSource } from '../../shared/contract/metrics.ts';
import { metrics as definitions, valuesOf } from '../../shared/contract/registry.ts';
import { signInRefused } from '../../shared/identity/metrics.ts';
import { webhookAttempts } from '../../shared/webhooks/metrics.ts';

const world = useWorld();
const webhooks = useWebhooks(world);
const context = {
  awsRequestId: 'test',
  getRemainingTimeInMillis: () => 600_000,
} as unknown as Context;

const recorded = async (work: () => Promise<unknown>): Promise<Emitted[]> =>
  metricsOf(await outputOf(work));

const named = (metrics: readonly Emitted[], name: string) =>
  metrics
    .filter((metric) => metric.name === name)
    .map(({ value, dimensions: { service: _, ...dimensions } }) => ({ value, ...dimensions }));

const record = (body: string, attributes = {}) => ({
  messageId: `message-${body.length}`,
  body,
  attributes,
});

/** Works off what is in the queue of syncs. */
async function workOffSyncs(): Promise<void> {
  const { handler } = await import('../../functions/products/sync-worker.ts');
  const isSync = ({ queueUrl }: { queueUrl: string }) => queueUrl.endsWith('/sync');
  for (let rounds = 0; world.queued.some(isSync); rounds += 1) {
    if (rounds > 20) throw new Error('The queue does not get empty');
    const at = world.queued.findIndex(isSync);
    const [message] = world.queued.splice(at, 1);
    await handler({ Records: [record(message?.body ?? '')] } as unknown as SQSEvent, context);
  }
}

async function sweepSyncs(): Promise<void> {
  const { handler } = await import('../../functions/products/sync-sweep.ts');
  await handler({}, context);
}

async function sellerOf(member: Member, name: 'ozon' | 'wildberries' = 'ozon'): Promise<string> {
  const { id, credentials } = sellersOf(world)[name].createAccount({ products: 3 });
  const { status } = await world.send('PATCH', '/api/v1/tenants/me/credentials', {
    token: member.access_token,
    body: { [name]: credentials },
  });
  expect(status).toBe(200);
  return id;
}

const startSync = (member: Member) =>
  world.send('POST', '/api/v1/products/sync', { token: member.access_token, body: {} });

describe('the metrics of a whole journey', () => {
  it('are those of the list, with dimensions that are bounded and never an id', async () => {
    const { member, webhook } = await webhooks.fresh('tenant.updated', 'sync.completed');
    const { body: key } = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
      token: member.access_token,
      body: { name: 'sensor' },
    });

    const metrics = await recorded(async () => {
      await world.send('GET', '/api/v1/tenants/me', { token: member.access_token });
      await world.send('GET', '/api/v1/products/prd_01JD0000000000000000000000', {
        token: member.access_token,
      });
      await world.login(member.email, 'a wrong password');
      const seen = { source_ip: '192.0.2.1', label: 'MALWARE', probability: 0.5 };
      await world.send('POST', '/api/v1/detections', {
        apiKey: key.key,
        body: { detections: [seen] },
      });
      world.awsAnswers('ResolveCustomer', () => ({ error: 'DisabledApiException' }));
      await world.send('POST', '/marketplace/register', {
        body: { 'x-amzn-marketplace-token': 'a-token' },
      });

      await webhooks.rename(member, 'New name');
      await sellerOf(member);
      await startSync(member);
      await workOffSyncs();
      await webhooks.drain();
      webhooks.receiver.answer = { status: 410 };
      await webhooks.rename(member, 'Newer name');
      await webhooks.drain();
      await webhooks.deliver(['not json']);
      await webhooks.sweep();
      await sweepSyncs();
      const login = await world.refresh(member.refresh_token);
      travel(minute);
      await world.refresh(member.refresh_token);
      expect(login.status).toBe(200);
    });

    expect(metrics.length).toBeGreaterThan(40);
    for (const { name, unit, namespace, dimensions, line } of metrics) {
      const definition = definitions.get(name);
      expect(definition, `${name} is not in the list`).toBeDefined();
      if (!definition) continue;
      expect(namespace).toBe('Tenantry');
      expect(unit).toBe(definition.kind === 'milliseconds' ? 'Milliseconds' : 'Count');
      const { service, ...own } = dimensions;
      expect(service).toBe('tenantry');
      expect(Object.keys(own).sort()).toEqual(Object.keys(definition.dimensions).sort());
      for (const [dimension, value] of Object.entries(own))
        expect(
          valuesOf(definition.dimensions[dimension] as ValueSource),
          `${name} ${dimension}`,
        ).toContain(value);
      for (const id of [member.tenantId, member.userId, member.sessionId, webhook.id, member.email])
        expect(line).not.toContain(id);
    }
    const unseen = new Set(definitions.keys());
    for (const { name } of metrics) unseen.delete(name);
    expect([...unseen].sort()).toEqual(['SyncsFailed', 'SyncsStuck']);
  });
});

describe('the list', () => {
  it('names no dimension after an id, and bounds each', () => {
    for (const [name, { dimensions }] of definitions)
      for (const [dimension, source] of Object.entries(dimensions)) {
        expect(dimension, name).not.toMatch(/id$|tenant|user|email|address/);
        const values = valuesOf(source);
        expect(values.length, name).toBeGreaterThan(0);
        expect(new Set(values).size, name).toBe(values.length);
      }
  });

  it('has the workers by the ids that they write', () => {
    for (const id of valuesOf('schedules')) {
      const source = readFileSync(new URL(`../../functions/${id}.ts`, import.meta.url), 'utf8');
      expect(source).toContain(`handleSchedule('${id}',`);
    }
  });

  it('is all that can be written: other metrics, dimensions and words do not compile', async () => {
    const { recordMetric } = await import('../../shared/runtime/observe.ts');
    const tenant_id = 'tnt_1';

    const metrics = await recorded(async () => {
      // @ts-expect-error -- it has no such dimension
      recordMetric(latency, 1, { endpoint: 'health/live', tenant_id });
      // @ts-expect-error -- it needs its dimension
      expect(() => recordMetric(messagesReceived, 1)).not.toThrow();
      // @ts-expect-error -- it has no dimensions
      recordMetric(signInRefused, 1, { tenant_id });
      // @ts-expect-error -- there is no such outcome
      recordMetric(webhookAttempts, 1, { outcome: 'lost' });
    });

    expect(metrics.map(({ line }) => line).join()).not.toContain(tenant_id);
  });
});

describe('a request', () => {
  it('that ends with an error of ours counts as a fault of its endpoint, and others do not', async () => {
    const { access_token: token } = await world.signUp();

    const well = await recorded(async () => {
      await world.send('GET', '/api/v1/tenants/me', { token });
      await world.send('GET', '/api/v1/webhooks/whk_1', { token });
    });
    world.awsAnswers('ResolveCustomer', () => ({ error: 'DisabledApiException' }));
    const badly = await recorded(() =>
      world.send('POST', '/marketplace/register', { body: { 'x-amzn-marketplace-token': 'x' } }),
    );

    expect(named(well, 'Latency')).toMatchObject([
      { endpoint: 'tenants/get-mine' },
      { endpoint: 'webhooks/get' },
    ]);
    expect(named(well, 'Faults')).toEqual([]);
    expect(named(badly, 'Faults')).toEqual([{ value: 1, endpoint: 'marketplace/register' }]);
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

describe('a sync', () => {
  it('counts its start, its end, its time, its products, and each call of the marketplace', async () => {
    const member = await world.signUp();
    await sellerOf(member);

    const metrics = await recorded(async () => {
      travel(0);
      await startSync(member);
      travel(2 * second);
      await workOffSyncs();
    });

    expect(named(metrics, 'SyncsStarted')).toEqual([{ value: 1, trigger: 'manual' }]);
    expect(named(metrics, 'SyncsCompleted')).toEqual([{ value: 1 }]);
    expect(named(metrics, 'SyncDuration')).toEqual([{ value: 2000 }]);
    expect(named(metrics, 'SyncedProducts')).toEqual([{ value: 3 }]);
    const calls = named(metrics, 'SellerCalls');
    expect(calls.length).toBeGreaterThan(0);
    expect(new Set(calls.map((call) => JSON.stringify(call)))).toEqual(
      new Set([JSON.stringify({ value: 1, marketplace: 'ozon', outcome: 'answered' })]),
    );
    expect(named(metrics, 'SellerLatency')).toHaveLength(calls.length);
  });

  it('counts its failure by reason', async () => {
    const member = await world.signUp();
    await sellerOf(member);
    await startSync(member);
    await setTenantStatus(member, 'SUSPENDED');

    const metrics = await recorded(workOffSyncs);

    expect(named(metrics, 'SyncsFailed')).toEqual([{ value: 1, reason: 'tenant_not_active' }]);
    expect(named(metrics, 'SyncsCompleted')).toEqual([]);
  });
});

describe('the sweep of syncs', () => {
  it('tells how many it found due or without a worker, and that it ran', async () => {
    const members = [await world.signUp(), await world.signUp()];
    for (const member of members) {
      await sellerOf(member);
      await startSync(member);
    }
    await workOffSyncs();
    await setTenantStatus(members[0] as Member, 'SUSPENDED');
    const others = dueAfter(await recorded(sweepSyncs));

    travel(6 * hour + 20 * minute);
    const late = await recorded(sweepSyncs);
    const again = await recorded(sweepSyncs);
    travel(16 * minute);
    const stuck = await recorded(sweepSyncs);

    expect(others).toBe(0);
    expect(named(late, 'ScheduledRuns')).toEqual([{ value: 1, worker: 'products/sync-sweep' }]);
    expect(dueAfter(late)).toBeGreaterThan(0);
    expect(dueAfter(late)).toBe(named(late, 'SyncsStarted').length);
    expect(dueAfter(again)).toBe(0);
    expect(dueAfter(stuck)).toBe(dueAfter(late));
  });
});

const dueAfter = (metrics: readonly Emitted[]) => Number(named(metrics, 'SyncsDue')[0]?.value);

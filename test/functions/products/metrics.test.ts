import type { Context, SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import { hour, minute, second, travel } from '../../../harness/clock.ts';
import type { Emitted } from '../../../harness/emf.ts';
import { setTenantStatus } from '../../../harness/items.ts';
import { expectListed, named, recorded, unseenOf } from '../../../harness/metrics.ts';
import { type Member, useWorld } from '../../../harness/world.ts';
import { channels } from '../../../shared/channels/feature.ts';
import {
  messagesFailed,
  messagesReceived,
  scheduledRuns,
} from '../../../shared/contract/core-metrics.ts';
import { products } from '../../../shared/products/feature.ts';

const world = useWorld();
const context = {
  awsRequestId: 'test',
  getRemainingTimeInMillis: () => 600_000,
} as unknown as Context;

const record = (body: string, attributes = {}) => ({
  messageId: `message-${body.length}`,
  body,
  attributes,
});

/** Works off what is in the queue of syncs. */
async function workOffSyncs(): Promise<void> {
  const { handler } = await import('../../../functions/products/sync-worker.ts');
  const isSync = ({ queueUrl }: { queueUrl: string }) => queueUrl.endsWith('/sync');
  for (let rounds = 0; world.queued.some(isSync); rounds += 1) {
    if (rounds > 20) throw new Error('The queue does not get empty');
    const at = world.queued.findIndex(isSync);
    const [message] = world.queued.splice(at, 1);
    await handler({ Records: [record(message?.body ?? '')] } as unknown as SQSEvent, context);
  }
}

async function sweepSyncs(): Promise<void> {
  const { handler } = await import('../../../functions/products/sync-sweep.ts');
  await handler({}, context);
}

async function sellerOf(member: Member, name: 'ozon' | 'wildberries' = 'ozon'): Promise<string> {
  const { id, credentials } = channelsOf(world)[name].createAccount({ products: 3 });
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
    const member = await world.signUp();

    const metrics = await recorded(async () => {
      await world.send('GET', '/api/v1/products/prd_01JD0000000000000000000000', {
        token: member.access_token,
      });
      await sellerOf(member);
      await startSync(member);
      await workOffSyncs();
      await sweepSyncs();
    });

    expect(metrics.length).toBeGreaterThan(12);
    expectListed(metrics, [member.tenantId, member.userId, member.sessionId, member.email]);
    const ofWorkers = { metrics: [messagesReceived, scheduledRuns] };
    expect(unseenOf([products, channels, ofWorkers], metrics)).toEqual([
      'SyncsFailed',
      'SyncsStuck',
    ]);
    expect(named(metrics, messagesFailed.name)).toEqual([]);
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

import type { Context } from 'aws-lambda';
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import { hour, minute, travel, travelTo } from '../../../harness/clock.ts';
import { type Member, useWorld } from '../../../harness/world.ts';
import { channelKeys } from '../../../shared/channels/keys.ts';
import { productKeys } from '../../../shared/products/keys.ts';

const world = useWorld();
const morning = Date.UTC(2026, 11, 15, 6);
let runs = 0;

beforeAll(() => {
  pretendBcrypt('correct horse battery');
});
beforeEach(() => {
  // Later than every test before it: a clock does not go back.
  runs += 1;
  travelTo(morning + runs * 48 * hour);
  world.queued.splice(0);
});
afterAll(() => {
  vi.restoreAllMocks();
});

const credentialsOf = (marketplace: 'wildberries' | 'ozon') =>
  channelsOf(world)[marketplace].createAccount({ products: 3 }).credentials;
const credentials = (method: 'PATCH' | 'DELETE', member: Member, body?: object) =>
  world.send(method, '/api/v1/tenants/me/credentials', {
    token: member.access_token,
    ...(body && { body }),
  });

async function sweep(): Promise<void> {
  const { handler } = await import('../../../functions/products/sync-sweep.ts');
  const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => 60_000 } as Context;
  await handler({}, context);
}

/** How many syncs of the tenant have been queued. */
const startedFor = ({ tenantId }: Member) =>
  world.queued.filter(({ body }) => JSON.parse(body).tenant_id === tenantId).length;

describe('saved credentials', () => {
  it('bring a tenant its first sync with the next sweep, once', async () => {
    const owner = await world.signUp();
    const idle = await world.signUp();
    await credentials('PATCH', owner, { ozon: credentialsOf('ozon') });
    expect(startedFor(owner)).toBe(0);

    await sweep();
    await sweep();

    expect(startedFor(owner)).toBe(1);
    expect(startedFor(idle)).toBe(0);
  });

  it('are found also when a sweep was missed for hours', async () => {
    await sweep();
    const owner = await world.signUp();
    await credentials('PATCH', owner, { wildberries: credentialsOf('wildberries') });
    travel(5 * hour);

    await sweep();

    expect(startedFor(owner)).toBe(1);
  });

  it('are found when the index showed them only after a sweep', async () => {
    const owner = await world.signUp();
    await credentials('PATCH', owner, { ozon: credentialsOf('ozon') });
    const { putItem } = await import('../../../shared/table/table.ts');
    const seen_until = new Date(Date.now() + 5 * minute).toISOString();
    await putItem({ Item: { ...productKeys.syncEnrolment(), seen_until } });

    await sweep();

    expect(startedFor(owner)).toBe(1);
  });

  it('bring a tenant back that had none left', async () => {
    const owner = await world.signUp();
    await credentials('PATCH', owner, { ozon: credentialsOf('ozon') });
    await credentials('DELETE', owner);
    await sweep();
    expect(startedFor(owner)).toBe(0);

    travel(12 * minute);
    await credentials('PATCH', owner, { ozon: credentialsOf('ozon') });
    await sweep();

    expect(startedFor(owner)).toBe(1);
  });

  it('of many tenants are all found', async () => {
    const { enrolTenants } = await import('../../../shared/products/sync/enrolment.ts');
    const { readSchedule } = await import('../../../shared/products/sync/schedule.ts');
    const { putItem } = await import('../../../shared/table/table.ts');
    const tenantIds = Array.from({ length: 120 }, () => `tnt_${ulid()}`);
    const sealedAt = new Date().toISOString();
    await Promise.all(
      tenantIds.map((id) =>
        putItem({
          Item: {
            ...channelKeys.credential(id, 'ozon'),
            ...channelKeys.credentialSeries(sealedAt, id, 'ozon'),
          },
        }),
      ),
    );

    await enrolTenants(Date.now(), () => 60_000);

    const schedules = await Promise.all(tenantIds.map(readSchedule));
    expect(schedules).toEqual(tenantIds.map(() => ({ due_at: new Date().toISOString() })));
  });
});

describe('due syncs', () => {
  it('are all found, whichever partition is the first', async () => {
    const { dueSyncs, scheduleWrites } = await import('../../../shared/products/sync/schedule.ts');
    const { transact } = await import('../../../shared/table/table.ts');
    const tenantIds = Array.from({ length: 30 }, () => `tnt_${ulid()}`).sort();
    for (const id of tenantIds) await transact(scheduleWrites(id, undefined, Date.now()));
    const orders = new Set<string>();

    for (let first = 0; first < 8; first += 1) {
      const found: string[] = [];
      for await (const { tenant_id } of dueSyncs(Date.now(), first))
        if (tenantIds.includes(tenant_id)) found.push(tenant_id);
      orders.add(found.join());
      expect(found.sort()).toEqual(tenantIds);
    }
    expect(orders.size).toBeGreaterThan(1);
  });

  it('of tenants that were synced at one time lie apart', async () => {
    const { nextSyncMs } = await import('../../../shared/products/sync/schedule.ts');
    const times = Array.from({ length: 50 }, () => nextSyncMs('PRO', `syn_${ulid()}`, 0));

    expect(new Set(times).size).toBeGreaterThan(20);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(hour);
    expect(Math.max(...times)).toBeLessThan(1.05 * hour);
  });
});

import { describe, expect, it } from 'vitest';
import { hour, travel } from '../../../harness/clock.ts';
import { allItems, setTenantStatus } from '../../../harness/items.ts';
import {
  channelError,
  FakeChannels,
  items,
  useProducts,
} from '../../../harness/products/products.ts';

const { world, modules, fresh, start, work, sync, get, list, stateOf } = useProducts();

describe('a sync that fails', () => {
  it.each([
    ['wrong_key', 'wrong_key'],
    ['wrong_scope', 'wrong_scope'],
    ['malformed', 'malformed_answer'],
  ] as const)('for %s leaves the products as they were', async (fault, code) => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    const before = await stateOf({ tenantId });
    channels.stock(
      tenantId,
      items(12).map((one) => ({ ...one, stock: 0 })),
    );
    travel(hour);
    const { task_id } = await start(channels, tenantId);
    const { advanceSync } = await modules();
    const message = channels.sent.shift();
    if (message) await advanceSync(message, channels, () => 1000);
    channels.faults.push(channelError(fault));
    await work(channels);

    const { body } = await get(member, `/api/v1/products/sync/${task_id}`);
    expect(body).toMatchObject({ status: 'failed', error: { code }, changed: 0 });
    expect(await stateOf({ tenantId })).toEqual(before);
    expect(channels.eventsOf(tenantId).at(-1)).toBe('sync.failed');
    const left = (await allItems()).filter(({ sk }) => String(sk).includes(task_id));
    expect(left.map(({ sk }) => sk)).toEqual([`SYNCRUN#${task_id}`]);
    expect(await sync(channels, member)).toMatchObject({ status: 'completed', changed: 12 });
  });

  it('for half an answer leaves the products as they were', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    channels.changePages((page) => ({ ...page, next: undefined }));

    const run = await sync(channels, member);

    expect(run).toMatchObject({ status: 'failed', error: { code: 'incomplete_answer' } });
    expect((await list(member, { missing: 'false' })).body.total).toBe(12);
    expect(channels.eventsOf(tenantId).at(-1)).toBe('sync.failed');
  });

  it('tries a silent marketplace again, with pauses, and then gives up', async () => {
    const { member, channels } = await fresh();
    channels.faults.push(channelError('unavailable'), channelError('unavailable'));
    expect(await sync(channels, member)).toMatchObject({ status: 'completed', processed: 12 });

    channels.faults.push(...Array.from({ length: 6 }, () => channelError('unavailable')));
    expect(await sync(channels, member)).toMatchObject({
      status: 'failed',
      error: { code: 'seller_unavailable' },
    });
  });

  it('waits as long as the marketplace says', async () => {
    const { member, channels, tenantId } = await fresh();
    channels.faults.push(channelError('rate_limited', { retryAfterMs: 61_000 }));
    const { task_id } = await start(channels, tenantId);
    const run = async () => (await get(member, `/api/v1/products/sync/${task_id}`)).body;
    const { advanceSync } = await modules();
    const message = channels.sent.shift();
    if (message) await advanceSync(message, channels, () => 600_000);

    expect(channels.sent).toMatchObject([{ delaySeconds: 61 }]);
    expect(await run()).toMatchObject({
      status: 'in_progress',
      phase: 'waiting',
      next_try_at: new Date(Date.now() + 61_000).toISOString(),
    });
    if (message) await advanceSync(message, channels, () => 600_000);
    expect(channels.pagesRead).toBe(0);
    await work(channels);
    expect((await list(member)).body.total).toBe(12);
    expect(await run()).toMatchObject({ status: 'completed', phase: null, next_try_at: null });
  });

  it('does so when the tenant is suspended meanwhile', async () => {
    const { member, channels, tenantId } = await fresh();
    const { task_id } = await start(channels, tenantId);
    await setTenantStatus(member, 'SUSPENDED');
    await work(channels);

    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'tenant_not_active' },
    });
  });

  it('is not started without credentials', async () => {
    const { tenantId } = await world.signUp();

    await expect(start(new FakeChannels(), tenantId)).rejects.toMatchObject({
      code: 'no_credentials',
    });
  });
});

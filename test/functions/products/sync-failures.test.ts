import { describe, expect, it } from 'vitest';
import { hour, travel } from '../../../harness/clock.ts';
import { allItems, setTenantStatus } from '../../../harness/items.ts';
import {
  FakeSellers,
  items,
  sellerError,
  useProducts,
} from '../../../harness/products/products.ts';

const { world, modules, fresh, start, work, sync, get, list, stateOf } = useProducts();

describe('a sync that fails', () => {
  it.each([
    ['wrong_key', 'wrong_key'],
    ['wrong_scope', 'wrong_scope'],
    ['malformed', 'malformed_answer'],
  ] as const)('for %s leaves the products as they were', async (fault, code) => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    const before = await stateOf({ tenantId });
    sellers.stock(
      tenantId,
      items(12).map((one) => ({ ...one, stock: 0 })),
    );
    travel(hour);
    const { task_id } = await start(sellers, tenantId);
    const { advanceSync } = await modules();
    const message = sellers.sent.shift();
    if (message) await advanceSync(message, sellers, () => 1000);
    sellers.faults.push(sellerError(fault));
    await work(sellers);

    const { body } = await get(member, `/api/v1/products/sync/${task_id}`);
    expect(body).toMatchObject({ status: 'failed', error: { code }, changed: 0 });
    expect(await stateOf({ tenantId })).toEqual(before);
    expect(sellers.eventsOf(tenantId).at(-1)).toBe('sync.failed');
    const left = (await allItems()).filter(({ sk }) => String(sk).includes(task_id));
    expect(left.map(({ sk }) => sk)).toEqual([`SYNCRUN#${task_id}`]);
    expect(await sync(sellers, member)).toMatchObject({ status: 'completed', changed: 12 });
  });

  it('for half an answer leaves the products as they were', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    sellers.changePages((page) => ({ ...page, next: undefined }));

    const run = await sync(sellers, member);

    expect(run).toMatchObject({ status: 'failed', error: { code: 'incomplete_answer' } });
    expect((await list(member, { missing: 'false' })).body.total).toBe(12);
    expect(sellers.eventsOf(tenantId).at(-1)).toBe('sync.failed');
  });

  it('tries a silent marketplace again, with pauses, and then gives up', async () => {
    const { member, sellers } = await fresh();
    sellers.faults.push(sellerError('unavailable'), sellerError('unavailable'));
    expect(await sync(sellers, member)).toMatchObject({ status: 'completed', processed: 12 });

    sellers.faults.push(...Array.from({ length: 6 }, () => sellerError('unavailable')));
    expect(await sync(sellers, member)).toMatchObject({
      status: 'failed',
      error: { code: 'seller_unavailable' },
    });
  });

  it('waits as long as the marketplace says', async () => {
    const { member, sellers, tenantId } = await fresh();
    sellers.faults.push(sellerError('rate_limited', { retryAfterMs: 61_000 }));
    const { task_id } = await start(sellers, tenantId);
    const run = async () => (await get(member, `/api/v1/products/sync/${task_id}`)).body;
    const { advanceSync } = await modules();
    const message = sellers.sent.shift();
    if (message) await advanceSync(message, sellers, () => 600_000);

    expect(sellers.sent).toMatchObject([{ delaySeconds: 61 }]);
    expect(await run()).toMatchObject({
      status: 'in_progress',
      phase: 'waiting',
      next_try_at: new Date(Date.now() + 61_000).toISOString(),
    });
    if (message) await advanceSync(message, sellers, () => 600_000);
    expect(sellers.pagesRead).toBe(0);
    await work(sellers);
    expect((await list(member)).body.total).toBe(12);
    expect(await run()).toMatchObject({ status: 'completed', phase: null, next_try_at: null });
  });

  it('does so when the tenant is suspended meanwhile', async () => {
    const { member, sellers, tenantId } = await fresh();
    const { task_id } = await start(sellers, tenantId);
    await setTenantStatus(member, 'SUSPENDED');
    await work(sellers);

    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'tenant_not_active' },
    });
  });

  it('is not started without credentials', async () => {
    const { tenantId } = await world.signUp();

    await expect(start(new FakeSellers(), tenantId)).rejects.toMatchObject({
      code: 'no_credentials',
    });
  });
});

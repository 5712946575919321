import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hour, minute, second, travel } from '../../../harness/clock.ts';
import { metricsOf } from '../../../harness/emf.ts';
import { allItems } from '../../../harness/items.ts';
import { outputOf } from '../../../harness/output.ts';
import {
  Crash,
  type FakeSellers,
  item,
  items,
  sellerError,
  useProducts,
  writtenBy,
} from '../../../harness/products/products.ts';

const { modules, fresh, start, work, sync, list, stateOf } = useProducts();
const crash = new Crash();
beforeAll(() => crash.watch());
afterEach(() => crash.revive());
afterAll(() => {
  vi.restoreAllMocks();
});

describe('a worker that dies between a segment and its position', () => {
  it('leaves no product behind that the seller has taken back', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    travel(hour);
    const changed = items(12).with(0, item(0, { stock: 77 }));
    sellers.stock(tenantId, changed.with(7, item(7, { name: 'A phantom' })));
    const { task_id } = await start(sellers, tenantId);
    const { advanceSync } = await modules();
    const message = { tenant_id: tenantId, run_id: task_id };
    let segments = 0;
    crash.armOn((call) => writtenBy(call).startsWith('SEGMENT') && ++segments === 2, true);
    await advanceSync(message, sellers, () => 600_000).catch(() => undefined);
    expect(crash.isDead).toBe(true);
    crash.revive();
    sellers.stock(tenantId, changed);
    travel(5 * minute);

    await advanceSync(message, sellers, () => 600_000);

    expect((await list(member, { search: 'phantom' })).body.items).toEqual([]);
    const { rows, items: stored } = await stateOf({ tenantId });
    expect(rows.map(({ name, stock }) => [name, stock])).toEqual(
      changed.map(({ name, stock }) => [name, stock]),
    );
    expect(rows.map(({ stock }) => stock)).toEqual(stored.map(({ stock }) => stock));
  });
});

const sweep = async (sellers: FakeSellers) => {
  const { sweepDueSyncs } = await modules();
  await sweepDueSyncs(sellers, () => 60_000);
};
const ofTenant = (sellers: FakeSellers, tenantId: string) =>
  sellers.sent.filter(({ tenant_id }) => tenant_id === tenantId);
/** Sweeps every minute until something is sent for the tenant. Returns the minutes. */
async function minutesUntilSent(sellers: FakeSellers, tenantId: string): Promise<number> {
  for (let minutes = 1; minutes <= 60; minutes += 1) {
    travel(minute);
    await sweep(sellers);
    if (ofTenant(sellers, tenantId).length > 0) return minutes;
  }
  throw new Error('Nobody notices');
}

/** A run whose worker has read one page and then died. */
async function dead() {
  const made = await fresh();
  const { task_id } = await start(made.sellers, made.tenantId);
  made.sellers.sent.length = 0;
  const message = { tenant_id: made.tenantId, run_id: task_id };
  const { advanceSync } = await modules();
  let checkpoints = 0;
  crash.armOn((call) => writtenBy(call) === 'SYNCLOCK' && ++checkpoints === 1, true);
  await advanceSync(message, made.sellers, () => 600_000).catch(() => undefined);
  crash.revive();
  made.sellers.sent.length = 0;
  return { ...made, task_id, message };
}

describe('a run whose worker has died', () => {
  it('gets another one within five minutes', async () => {
    const { member, sellers, tenantId } = await dead();

    expect(await minutesUntilSent(sellers, tenantId)).toBeLessThanOrEqual(5);

    await work(sellers);
    expect((await list(member)).body.total).toBe(12);
    expect(sellers.eventsOf(tenantId).at(-1)).toBe('sync.completed');
  });

  it('goes on sooner when somebody asks for a sync', async () => {
    const { member, sellers, tenantId, task_id } = await dead();
    travel(minute);

    expect(await start(sellers, tenantId)).toEqual({ task_id, status: 'in_progress' });

    expect(sellers.sent).toMatchObject([{ delaySeconds: 121 }]);
    await work(sellers);
    expect((await list(member)).body.total).toBe(12);
  });

  it('is given up when every worker dies before it gets any further', async () => {
    const { sellers, tenantId, task_id, message } = await dead();
    const { advanceSync, getSyncRun } = await modules();
    for (let round = 0; round < 3; round += 1) {
      await minutesUntilSent(sellers, tenantId);
      crash.armOn((call) => writtenBy(call) === 'SYNCLOCK', false);
      await advanceSync(message, sellers, () => 600_000).catch(() => undefined);
      crash.revive();
      sellers.sent.length = 0;
      expect(await getSyncRun(tenantId, task_id)).toMatchObject({ status: 'in_progress' });
    }
    travel(5 * minute);
    await sweep(sellers);

    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal_error' },
    });
    expect(sellers.eventsOf(tenantId).at(-1)).toBe('sync.failed');
  });

  it('is not given up as long as each worker gets a page further', async () => {
    const { member, sellers, tenantId } = await fresh(items(30));
    const { task_id } = await start(sellers, tenantId);
    sellers.sent.length = 0;
    const { advanceSync } = await modules();
    for (let round = 0; round < 5; round += 1) {
      crash.armOn((call) => writtenBy(call) === 'SYNCLOCK', true);
      const message = { tenant_id: tenantId, run_id: task_id };
      await advanceSync(message, sellers, () => 600_000).catch(() => undefined);
      crash.revive();
      sellers.sent.length = 0;
      await minutesUntilSent(sellers, tenantId);
    }

    await work(sellers);

    expect((await list(member)).body.total).toBe(30);
    expect(sellers.eventsOf(tenantId).at(-1)).toBe('sync.completed');
  });
});

describe('a run whose message', () => {
  it('was lost gets another one within minutes', async () => {
    const { member, sellers, tenantId } = await fresh();
    await start(sellers, tenantId);
    sellers.sent.length = 0;

    expect(await minutesUntilSent(sellers, tenantId)).toBeLessThanOrEqual(2);

    await work(sellers);
    expect((await list(member)).body.total).toBe(12);
  });

  it('waits an hour for a free worker is not given up, and fills no queue', async () => {
    const { member, sellers, tenantId } = await fresh();
    await start(sellers, tenantId);
    for (let minutes = 0; minutes < 60; minutes += 1) {
      travel(minute);
      await sweep(sellers);
    }

    expect(ofTenant(sellers, tenantId).length).toBeLessThanOrEqual(8);
    await work(sellers);
    expect((await list(member)).body.total).toBe(12);
    expect(sellers.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });

  it('never comes is given up in the end', async () => {
    const { sellers, tenantId } = await fresh();
    const { task_id } = await start(sellers, tenantId);
    travel(37 * hour);
    await sweep(sellers);

    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal_error' },
    });
  });

  it('comes a moment early by another clock is worked on', async () => {
    const { member, sellers, tenantId } = await fresh();
    sellers.faults.push(sellerError('rate_limited', { retryAfterMs: 61_000 }));
    await start(sellers, tenantId);
    const { advanceSync } = await modules();
    const message = sellers.sent.shift();
    if (message) await advanceSync(message, sellers, () => 600_000);
    sellers.sent.length = 0;
    travel(61_000 - 50);

    if (message) await advanceSync(message, sellers, () => 600_000);

    expect((await list(member)).body.total).toBe(12);
  });

  it('comes long before its time comes once more then', async () => {
    const { sellers, tenantId } = await fresh();
    sellers.faults.push(sellerError('rate_limited', { retryAfterMs: 61_000 }));
    await start(sellers, tenantId);
    const { advanceSync } = await modules();
    const message = sellers.sent.shift();
    if (message) await advanceSync(message, sellers, () => 600_000);
    sellers.sent.length = 0;
    travel(20 * second);

    if (message) await advanceSync(message, sellers, () => 600_000);

    expect(sellers.sent).toMatchObject([{ delaySeconds: 41 }]);
    expect(sellers.pagesRead).toBe(0);
  });

  it('goes to the next call of the worker is taken whatever its clock says', async () => {
    const { sellers, tenantId } = await fresh();
    await start(sellers, tenantId);
    const { advanceSync } = await modules();
    const message = sellers.sent.shift();
    if (message) await advanceSync(message, sellers, () => 1000);
    travel(-minute);

    if (message) await advanceSync(message, sellers, () => 1000);

    expect(sellers.pagesRead).toBe(2);
  });
});

describe('a sweep', () => {
  it('leaves a run alone that has a worker', async () => {
    const { sellers, tenantId } = await fresh();
    await start(sellers, tenantId);
    // What a page throws is caught and tried again, so it is judged here afterwards.
    const ofThis = async () =>
      (await allItems()).filter((one) => JSON.stringify(one).includes(tenantId));
    const sweeps: { before: unknown; after: unknown }[] = [];
    sellers.aroundPages(tenantId, {
      before: async () => {
        travel(minute);
        const before = await ofThis();
        await sweep(sellers);
        sweeps.push({ before, after: await ofThis() });
      },
    });
    await work(sellers);

    expect(sweeps).toHaveLength(3);
    for (const { before, after } of sweeps) expect(after).toEqual(before);
    expect(sellers.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });
});

describe('failures of ours', () => {
  it('are tried again with growing pauses, and end the run when nothing else comes', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    const before = await stateOf({ tenantId });
    sellers.stock(tenantId, items(12).with(0, item(0, { stock: 1 })));
    const { task_id } = await start(sellers, tenantId);
    sellers.faults.push(...Array.from({ length: 6 }, () => new Error('Ours')));
    const { advanceSync, getSyncRun } = await modules();
    const delays: number[] = [];
    for (let message = sellers.sent.shift(); message; message = sellers.sent.shift()) {
      delays.push(message.delaySeconds);
      travel(message.delaySeconds * 1000);
      const { delaySeconds: _, ...body } = message;
      await advanceSync(body, sellers, () => 600_000);
    }

    expect(delays).toEqual([0, 30, 60, 120, 240, 480]);
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal_error' },
    });
    expect(await stateOf({ tenantId })).toEqual(before);
  });

  it('that keep every step from becoming durable end the run too', async () => {
    const { sellers, tenantId } = await fresh();
    const { task_id } = await start(sellers, tenantId);
    crash.failOn((call) => writtenBy(call) === 'SYNCLOCK');
    await work(sellers);
    crash.revive();

    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal_error' },
    });
  });

  it('do not add up while the run goes on', async () => {
    const { member, sellers, tenantId } = await fresh(items(30));
    sellers.beforePage = () => {
      if (sellers.asked % 3 !== 0) throw new Error('Ours');
    };

    expect(await sync(sellers, member)).toMatchObject({ status: 'completed', processed: 30 });
    expect(sellers.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });

  it('of which the lock cannot be let go go on when its lease is over', async () => {
    const { member, sellers, tenantId } = await fresh();
    await start(sellers, tenantId);
    const { advanceSync } = await modules();
    const message = sellers.sent.shift();
    let isBegun = false;
    crash.failOn((call) => {
      const isUpdate = call.constructor.name === 'UpdateCommand';
      const isHit = isBegun && (isUpdate || writtenBy(call) === 'SYNCLOCK');
      isBegun = true;
      return isHit;
    });
    if (message) await advanceSync(message, sellers, () => 600_000);
    crash.revive();

    expect(sellers.sent).toMatchObject([{ delaySeconds: 181 }]);
    await work(sellers);
    expect((await list(member)).body.total).toBe(12);
  });

  it('while products are saved are tried again for ever', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    travel(hour);
    sellers.stock(
      tenantId,
      items(12).map((one) => ({ ...one, stock: 1 })),
    );
    const { task_id } = await start(sellers, tenantId);
    const { advanceSync, getSyncRun } = await modules();
    crash.failOn((call) => call.constructor.name === 'BatchWriteCommand');
    let longest = 0;
    let output = '';
    for (let round = 0; round < 12; round += 1) {
      const message = sellers.sent.shift();
      if (!message) throw new Error('Nobody goes on');
      longest = Math.max(longest, message.delaySeconds);
      travel(message.delaySeconds * 1000);
      const { delaySeconds: _, ...body } = message;
      output += await outputOf(() => advanceSync(body, sellers, () => 600_000));
    }
    expect(longest).toBe(900);
    // Six failures are nothing to wake anybody for.
    expect(metricsOf(output).filter(({ name }) => name === 'SyncsStuck')).toHaveLength(7);
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({ status: 'in_progress' });
    crash.revive();

    await work(sellers);

    expect(await getSyncRun(tenantId, task_id)).toMatchObject({ status: 'completed', changed: 12 });
    const { rows, items: stored } = await stateOf({ tenantId });
    expect(rows.every(({ stock }) => stock === 1)).toBe(true);
    expect(stored.every(({ stock }) => stock === 1)).toBe(true);
  });

  it('while products are saved do not let a sweep give the run up', async () => {
    const { member, sellers, tenantId } = await fresh();
    await sync(sellers, member);
    travel(hour);
    sellers.stock(tenantId, items(12).with(0, item(0, { stock: 1 })));
    const { task_id } = await start(sellers, tenantId);
    sellers.sent.length = 0;
    const { advanceSync } = await modules();
    for (let round = 0; round < 6; round += 1) {
      crash.armOn((call) => call.constructor.name === 'BatchWriteCommand', false);
      const message = { tenant_id: tenantId, run_id: task_id };
      await advanceSync(message, sellers, () => 600_000).catch(() => undefined);
      crash.revive();
      sellers.sent.length = 0;
      await minutesUntilSent(sellers, tenantId);
    }

    await work(sellers);

    expect((await list(member, { search: 'SKU-0' })).body.items[0]).toMatchObject({
      total_stock: 1,
    });
  });
});

describe('the end of a run', () => {
  it('comes also when the schedule is moved at that moment, and is told once', async () => {
    const { sellers, tenantId } = await fresh();
    const { task_id } = await start(sellers, tenantId);
    const { readSchedule, scheduleWrites } = await import(
      '../../../shared/products/sync/schedule.ts'
    );
    const { transact } = await import('../../../shared/table/table.ts');
    let isMoved = false;
    crash.beforeCall = async (call) => {
      const writes = JSON.stringify(call.input);
      if (isMoved || !writes.includes('SYNCSCHEDULE') || !writes.includes('"Delete"')) return;
      isMoved = true;
      const schedule = await readSchedule(tenantId);
      await transact(scheduleWrites(tenantId, schedule, Date.now() + 15 * minute));
    };

    await work(sellers);
    crash.beforeCall = async () => undefined;

    expect(isMoved).toBe(true);
    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({ status: 'completed' });
    expect(sellers.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });

  it('brings nothing back of a tenant that is gone', async () => {
    const { sellers, tenantId } = await fresh();
    await start(sellers, tenantId);
    const { deleteItem } = await import('../../../shared/table/table.ts');
    for (const { pk, sk } of await allItems())
      if (String(pk) === `TENANT#${tenantId}` && sk !== 'SYNCLOCK')
        await deleteItem({ Key: { pk: String(pk), sk: String(sk) } });

    await work(sellers);

    const left = (await allItems()).filter(({ pk }) => pk === `TENANT#${tenantId}`);
    expect(left).toEqual([]);
  });
});

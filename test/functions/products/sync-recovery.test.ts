import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hour, minute, second, travel } from '../../../harness/clock.ts';
import { Crash } from '../../../harness/crash.ts';
import { metricsOf } from '../../../harness/emf.ts';
import { allItems } from '../../../harness/items.ts';
import { outputOf } from '../../../harness/output.ts';
import {
  channelError,
  type FakeChannels,
  item,
  items,
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
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    travel(hour);
    const changed = items(12).with(0, item(0, { stock: 77 }));
    channels.stock(tenantId, changed.with(7, item(7, { name: 'A phantom' })));
    const { task_id } = await start(channels, tenantId);
    const { advanceSync } = await modules();
    const message = { tenant_id: tenantId, run_id: task_id };
    let segments = 0;
    crash.armOn((call) => writtenBy(call).startsWith('SEGMENT') && ++segments === 2, true);
    await advanceSync(message, channels, () => 600_000).catch(() => undefined);
    expect(crash.isDead).toBe(true);
    crash.revive();
    channels.stock(tenantId, changed);
    travel(5 * minute);

    await advanceSync(message, channels, () => 600_000);

    expect((await list(member, { search: 'phantom' })).body.items).toEqual([]);
    const { rows, items: stored } = await stateOf({ tenantId });
    expect(rows.map(({ name, stock }) => [name, stock])).toEqual(
      changed.map(({ name, stock }) => [name, stock]),
    );
    expect(rows.map(({ stock }) => stock)).toEqual(stored.map(({ stock }) => stock));
  });
});

const sweep = async (channels: FakeChannels) => {
  const { sweepDueSyncs } = await modules();
  await sweepDueSyncs(channels, () => 60_000);
};
const ofTenant = (channels: FakeChannels, tenantId: string) =>
  channels.sent.filter(({ tenant_id }) => tenant_id === tenantId);
/** Sweeps every minute until something is sent for the tenant. Returns the minutes. */
async function minutesUntilSent(channels: FakeChannels, tenantId: string): Promise<number> {
  for (let minutes = 1; minutes <= 60; minutes += 1) {
    travel(minute);
    await sweep(channels);
    if (ofTenant(channels, tenantId).length > 0) return minutes;
  }
  throw new Error('Nobody notices');
}

/** A run whose worker has read one page and then died. */
async function dead() {
  const made = await fresh();
  const { task_id } = await start(made.channels, made.tenantId);
  made.channels.sent.length = 0;
  const message = { tenant_id: made.tenantId, run_id: task_id };
  const { advanceSync } = await modules();
  let checkpoints = 0;
  crash.armOn((call) => writtenBy(call) === 'SYNCLOCK' && ++checkpoints === 1, true);
  await advanceSync(message, made.channels, () => 600_000).catch(() => undefined);
  crash.revive();
  made.channels.sent.length = 0;
  return { ...made, task_id, message };
}

describe('a run whose worker has died', () => {
  it('gets another one within five minutes', async () => {
    const { member, channels, tenantId } = await dead();

    expect(await minutesUntilSent(channels, tenantId)).toBeLessThanOrEqual(5);

    await work(channels);
    expect((await list(member)).body.total).toBe(12);
    expect(channels.eventsOf(tenantId).at(-1)).toBe('sync.completed');
  });

  it('goes on sooner when somebody asks for a sync', async () => {
    const { member, channels, tenantId, task_id } = await dead();
    travel(minute);

    expect(await start(channels, tenantId)).toEqual({ task_id, status: 'in_progress' });

    expect(channels.sent).toMatchObject([{ delaySeconds: 121 }]);
    await work(channels);
    expect((await list(member)).body.total).toBe(12);
  });

  it('is given up when every worker dies before it gets any further', async () => {
    const { channels, tenantId, task_id, message } = await dead();
    const { advanceSync, getSyncRun } = await modules();
    for (let round = 0; round < 3; round += 1) {
      await minutesUntilSent(channels, tenantId);
      crash.armOn((call) => writtenBy(call) === 'SYNCLOCK', false);
      await advanceSync(message, channels, () => 600_000).catch(() => undefined);
      crash.revive();
      channels.sent.length = 0;
      expect(await getSyncRun(tenantId, task_id)).toMatchObject({ status: 'in_progress' });
    }
    travel(5 * minute);
    await sweep(channels);

    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal_error' },
    });
    expect(channels.eventsOf(tenantId).at(-1)).toBe('sync.failed');
  });

  it('is not given up as long as each worker gets a page further', async () => {
    const { member, channels, tenantId } = await fresh(items(30));
    const { task_id } = await start(channels, tenantId);
    channels.sent.length = 0;
    const { advanceSync } = await modules();
    for (let round = 0; round < 5; round += 1) {
      crash.armOn((call) => writtenBy(call) === 'SYNCLOCK', true);
      const message = { tenant_id: tenantId, run_id: task_id };
      await advanceSync(message, channels, () => 600_000).catch(() => undefined);
      crash.revive();
      channels.sent.length = 0;
      await minutesUntilSent(channels, tenantId);
    }

    await work(channels);

    expect((await list(member)).body.total).toBe(30);
    expect(channels.eventsOf(tenantId).at(-1)).toBe('sync.completed');
  });
});

describe('a run whose message', () => {
  it('was lost gets another one within minutes', async () => {
    const { member, channels, tenantId } = await fresh();
    await start(channels, tenantId);
    channels.sent.length = 0;

    expect(await minutesUntilSent(channels, tenantId)).toBeLessThanOrEqual(2);

    await work(channels);
    expect((await list(member)).body.total).toBe(12);
  });

  it('waits an hour for a free worker is not given up, and fills no queue', async () => {
    const { member, channels, tenantId } = await fresh();
    await start(channels, tenantId);
    for (let minutes = 0; minutes < 60; minutes += 1) {
      travel(minute);
      await sweep(channels);
    }

    expect(ofTenant(channels, tenantId).length).toBeLessThanOrEqual(8);
    await work(channels);
    expect((await list(member)).body.total).toBe(12);
    expect(channels.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });

  it('never comes is given up in the end', async () => {
    const { channels, tenantId } = await fresh();
    const { task_id } = await start(channels, tenantId);
    travel(37 * hour);
    await sweep(channels);

    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal_error' },
    });
  });

  it('comes a moment early by another clock is worked on', async () => {
    const { member, channels, tenantId } = await fresh();
    channels.faults.push(channelError('rate_limited', { retryAfterMs: 61_000 }));
    await start(channels, tenantId);
    const { advanceSync } = await modules();
    const message = channels.sent.shift();
    if (message) await advanceSync(message, channels, () => 600_000);
    channels.sent.length = 0;
    travel(61_000 - 50);

    if (message) await advanceSync(message, channels, () => 600_000);

    expect((await list(member)).body.total).toBe(12);
  });

  it('comes long before its time comes once more then', async () => {
    const { channels, tenantId } = await fresh();
    channels.faults.push(channelError('rate_limited', { retryAfterMs: 61_000 }));
    await start(channels, tenantId);
    const { advanceSync } = await modules();
    const message = channels.sent.shift();
    if (message) await advanceSync(message, channels, () => 600_000);
    channels.sent.length = 0;
    travel(20 * second);

    if (message) await advanceSync(message, channels, () => 600_000);

    expect(channels.sent).toMatchObject([{ delaySeconds: 41 }]);
    expect(channels.pagesRead).toBe(0);
  });

  it('goes to the next call of the worker is taken whatever its clock says', async () => {
    const { channels, tenantId } = await fresh();
    await start(channels, tenantId);
    const { advanceSync } = await modules();
    const message = channels.sent.shift();
    if (message) await advanceSync(message, channels, () => 1000);
    travel(-minute);

    if (message) await advanceSync(message, channels, () => 1000);

    expect(channels.pagesRead).toBe(2);
  });
});

describe('a sweep', () => {
  it('leaves a run alone that has a worker', async () => {
    const { channels, tenantId } = await fresh();
    await start(channels, tenantId);
    // What a page throws is caught and tried again, so it is judged here afterwards.
    const ofThis = async () =>
      (await allItems()).filter((one) => JSON.stringify(one).includes(tenantId));
    const sweeps: { before: unknown; after: unknown }[] = [];
    channels.aroundPages(tenantId, {
      before: async () => {
        travel(minute);
        const before = await ofThis();
        await sweep(channels);
        sweeps.push({ before, after: await ofThis() });
      },
    });
    await work(channels);

    expect(sweeps).toHaveLength(3);
    for (const { before, after } of sweeps) expect(after).toEqual(before);
    expect(channels.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });
});

describe('failures of ours', () => {
  it('are tried again with growing pauses, and end the run when nothing else comes', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    const before = await stateOf({ tenantId });
    channels.stock(tenantId, items(12).with(0, item(0, { stock: 1 })));
    const { task_id } = await start(channels, tenantId);
    channels.faults.push(...Array.from({ length: 6 }, () => new Error('Ours')));
    const { advanceSync, getSyncRun } = await modules();
    const delays: number[] = [];
    for (let message = channels.sent.shift(); message; message = channels.sent.shift()) {
      delays.push(message.delaySeconds);
      travel(message.delaySeconds * 1000);
      const { delaySeconds: _, ...body } = message;
      await advanceSync(body, channels, () => 600_000);
    }

    expect(delays).toEqual([0, 30, 60, 120, 240, 480]);
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal_error' },
    });
    expect(await stateOf({ tenantId })).toEqual(before);
  });

  it('that keep every step from becoming durable end the run too', async () => {
    const { channels, tenantId } = await fresh();
    const { task_id } = await start(channels, tenantId);
    crash.failOn((call) => writtenBy(call) === 'SYNCLOCK');
    await work(channels);
    crash.revive();

    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({
      status: 'failed',
      error: { code: 'internal_error' },
    });
  });

  it('do not add up while the run goes on', async () => {
    const { member, channels, tenantId } = await fresh(items(30));
    channels.beforePage = () => {
      if (channels.asked % 3 !== 0) throw new Error('Ours');
    };

    expect(await sync(channels, member)).toMatchObject({ status: 'completed', processed: 30 });
    expect(channels.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });

  it('of which the lock cannot be let go go on when its lease is over', async () => {
    const { member, channels, tenantId } = await fresh();
    await start(channels, tenantId);
    const { advanceSync } = await modules();
    const message = channels.sent.shift();
    let isBegun = false;
    crash.failOn((call) => {
      const isUpdate = call.constructor.name === 'UpdateCommand';
      const isHit = isBegun && (isUpdate || writtenBy(call) === 'SYNCLOCK');
      isBegun = true;
      return isHit;
    });
    if (message) await advanceSync(message, channels, () => 600_000);
    crash.revive();

    expect(channels.sent).toMatchObject([{ delaySeconds: 181 }]);
    await work(channels);
    expect((await list(member)).body.total).toBe(12);
  });

  it('while products are saved are tried again for ever', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    travel(hour);
    channels.stock(
      tenantId,
      items(12).map((one) => ({ ...one, stock: 1 })),
    );
    const { task_id } = await start(channels, tenantId);
    const { advanceSync, getSyncRun } = await modules();
    crash.failOn((call) => call.constructor.name === 'BatchWriteCommand');
    let longest = 0;
    let output = '';
    for (let round = 0; round < 12; round += 1) {
      const message = channels.sent.shift();
      if (!message) throw new Error('Nobody goes on');
      longest = Math.max(longest, message.delaySeconds);
      travel(message.delaySeconds * 1000);
      const { delaySeconds: _, ...body } = message;
      output += await outputOf(() => advanceSync(body, channels, () => 600_000));
    }
    expect(longest).toBe(900);
    // Six failures are nothing to wake anybody for.
    expect(metricsOf(output).filter(({ name }) => name === 'SyncsStuck')).toHaveLength(7);
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({ status: 'in_progress' });
    crash.revive();

    await work(channels);

    expect(await getSyncRun(tenantId, task_id)).toMatchObject({ status: 'completed', changed: 12 });
    const { rows, items: stored } = await stateOf({ tenantId });
    expect(rows.every(({ stock }) => stock === 1)).toBe(true);
    expect(stored.every(({ stock }) => stock === 1)).toBe(true);
  });

  it('while products are saved do not let a sweep give the run up', async () => {
    const { member, channels, tenantId } = await fresh();
    await sync(channels, member);
    travel(hour);
    channels.stock(tenantId, items(12).with(0, item(0, { stock: 1 })));
    const { task_id } = await start(channels, tenantId);
    channels.sent.length = 0;
    const { advanceSync } = await modules();
    for (let round = 0; round < 6; round += 1) {
      crash.armOn((call) => call.constructor.name === 'BatchWriteCommand', false);
      const message = { tenant_id: tenantId, run_id: task_id };
      await advanceSync(message, channels, () => 600_000).catch(() => undefined);
      crash.revive();
      channels.sent.length = 0;
      await minutesUntilSent(channels, tenantId);
    }

    await work(channels);

    expect((await list(member, { search: 'SKU-0' })).body.items[0]).toMatchObject({
      total_stock: 1,
    });
  });
});

describe('the end of a run', () => {
  it('comes also when the schedule is moved at that moment, and is told once', async () => {
    const { channels, tenantId } = await fresh();
    const { task_id } = await start(channels, tenantId);
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

    await work(channels);
    crash.beforeCall = async () => undefined;

    expect(isMoved).toBe(true);
    const { getSyncRun } = await modules();
    expect(await getSyncRun(tenantId, task_id)).toMatchObject({ status: 'completed' });
    expect(channels.eventsOf(tenantId)).toEqual(['sync.started', 'sync.completed']);
  });

  it('brings nothing back of a tenant that is gone', async () => {
    const { channels, tenantId } = await fresh();
    await start(channels, tenantId);
    const { deleteItem } = await import('../../../shared/table/table.ts');
    for (const { pk, sk } of await allItems())
      if (String(pk) === `TENANT#${tenantId}` && sk !== 'SYNCLOCK')
        await deleteItem({ Key: { pk: String(pk), sk: String(sk) } });

    await work(channels);

    const left = (await allItems()).filter(({ pk }) => pk === `TENANT#${tenantId}`);
    expect(left).toEqual([]);
  });
});

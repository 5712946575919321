import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hour, minute, travel } from '../support/clock.ts';
import { Crash, items, useProducts } from '../support/products.ts';

const { modules, fresh, start, sync, stateOf } = useProducts();
const crash = new Crash();
beforeAll(() => crash.watch());
afterAll(() => {
  vi.restoreAllMocks();
});

describe('a sync that is killed at any moment and goes on', () => {
  const before = items(14);
  /** Some changed, some gone, some new. */
  const after = [
    ...items(6).map((one, index) => (index % 2 ? one : { ...one, stock: index })),
    ...items(5, 8).map((one) => ({ ...one, name: `${one.name} new` })),
    ...items(6, 20),
  ];

  /** Runs to the end, with a process that dies at the given moments. Returns what is left behind. */
  async function run(deaths: readonly { at: number; isAfter: boolean }[], pageSize: number) {
    const { member, sellers, tenantId } = await fresh(before);
    sellers.pageSize = pageSize;
    await sync(sellers, member);
    sellers.stock(tenantId, after);
    travel(hour);
    const { task_id } = await start(sellers, tenantId);
    const { advanceSync, getSyncRun } = await modules();
    const message = { tenant_id: tenantId, run_id: task_id };
    const pending = [...deaths];
    for (let rounds = 0; rounds < deaths.length + 3; rounds += 1) {
      const death = pending.shift();
      if (death) crash.arm(death.at, death.isAfter);
      await advanceSync(message, sellers, () => 600_000).catch(() => undefined);
      crash.revive();
      // The lease of the dead ends, and the queue brings the message again.
      travel(5 * minute);
    }
    const { status } = await getSyncRun(tenantId, task_id);
    const { items: stored, changes, rows } = await stateOf({ tenantId });
    return { status, stored, changes, rows };
  }

  it('ends in the same products, changes and catalogue as one that nobody disturbs', async () => {
    const undisturbed = await run([], 4);
    expect(undisturbed.status).toBe('completed');
    expect(undisturbed.stored).toHaveLength(20);
    crash.revive();

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.integer({ min: 1, max: 30 }), isAfter: fc.boolean() }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (deaths) => {
          vi.setSystemTime(Date.UTC(2026, 11, 15, 6));
          const disturbed = await run(deaths, 4);
          expect(disturbed).toEqual(undisturbed);
        },
      ),
      { numRuns: 15 },
    );
  }, 240_000);

  it('does so at every single call of the table', async () => {
    const undisturbed = await run([], 4);
    for (let at = 1; at <= 32; at += 1) {
      for (const isAfter of [false, true]) {
        vi.setSystemTime(Date.UTC(2026, 11, 15, 6));
        expect(await run([{ at, isAfter }], 4), `call ${at}`).toEqual(undisturbed);
      }
    }
  }, 240_000);
});

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { hour, minute, travel } from '../../../harness/clock.ts';
import { Crash } from '../../../harness/crash.ts';
import { items, useProducts } from '../../../harness/products/products.ts';

const { modules, fresh, start, sync, stateOf } = useProducts();
const crash = new Crash();
beforeAll(() => crash.watch());
afterAll(() => {
  vi.restoreAllMocks();
});

const before = items(14);
/** Some changed, some gone, some new. */
const after = [
  ...items(6).map((one, index) => (index % 2 ? one : { ...one, stock: index })),
  ...items(5, 8).map((one) => ({ ...one, name: `${one.name} new` })),
  ...items(6, 20),
];
const atOzon = items(3, 40);

type Trouble =
  | { kind: 'death'; at: number; isAfter: boolean }
  | { kind: 'table error'; at: number }
  | { kind: 'lost message' };

/**
 * Syncs to the end through troubles, one for each message. Whatever is lost, only the sweep brings
 * back. Returns what is left behind.
 */
async function run(troubles: readonly Trouble[]) {
  const { member, channels, tenantId } = await fresh(before);
  channels.stock(tenantId, atOzon, 'ozon');
  channels.pageSize = 4;
  channels.isReachable = () => !crash.isDead;
  await sync(channels, member);
  channels.stock(tenantId, after);
  channels.stock(tenantId, atOzon.slice(1), 'ozon');
  travel(hour);
  const { task_id } = await start(channels, tenantId);
  const { advanceSync, sweepDueSyncs, getSyncRun } = await modules();
  const pending = [...troubles];
  for (let rounds = 0; rounds < 100; rounds += 1) {
    const message = channels.sent.shift();
    if (!message) {
      const { status } = await getSyncRun(tenantId, task_id);
      if (status === 'completed' || status === 'failed') break;
      travel(minute);
      await sweepDueSyncs(channels, () => 60_000);
      continue;
    }
    const { delaySeconds, ...body } = message;
    travel(delaySeconds * 1000);
    const trouble = pending.shift();
    if (trouble?.kind === 'lost message') continue;
    if (trouble?.kind === 'death') crash.arm(trouble.at, trouble.isAfter);
    let left = trouble?.kind === 'table error' ? trouble.at : 0;
    crash.failOn(() => --left === 0);
    await advanceSync(body, channels, () => 600_000).catch(() => undefined);
    crash.revive();
  }
  const { status } = await getSyncRun(tenantId, task_id);
  const { items: stored, changes, rows } = await stateOf({ tenantId });
  return { status, stored, changes, rows };
}

const beginAgain = () => vi.setSystemTime(Date.UTC(2026, 11, 15, 6));

describe('a sync that is disturbed at any moment and goes on', () => {
  it('ends in the same products, changes and catalogue as one that nobody disturbs', async () => {
    const undisturbed = await run([]);
    expect(undisturbed.status).toBe('completed');
    expect(undisturbed.stored).toHaveLength(23);
    const at = fc.integer({ min: 1, max: 40 });

    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({ kind: fc.constant('death' as const), at, isAfter: fc.boolean() }),
            fc.record({ kind: fc.constant('table error' as const), at }),
            fc.record({ kind: fc.constant('lost message' as const) }),
          ),
          { minLength: 1, maxLength: 5 },
        ),
        async (troubles) => {
          beginAgain();
          expect(await run(troubles)).toEqual(undisturbed);
        },
      ),
      { numRuns: 25 },
    );
  }, 240_000);

  it.each([
    ['a death before', (at: number): Trouble => ({ kind: 'death', at, isAfter: false })],
    ['a death after', (at: number): Trouble => ({ kind: 'death', at, isAfter: true })],
    ['an error at', (at: number): Trouble => ({ kind: 'table error', at })],
  ])(
    'does so with %s every single call of the table',
    async (_, troubleAt) => {
      const undisturbed = await run([]);
      for (let at = 1; at <= 40; at += 1) {
        beginAgain();
        expect(await run([troubleAt(at)]), `call ${at}`).toEqual(undisturbed);
      }
    },
    240_000,
  );
});

import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { hour, minute, travel, travelTo } from '../../../harness/clock.ts';
import { Crash } from '../../../harness/crash.ts';
import {
  iso,
  modules,
  morning,
  sampleMeter,
  sellSamples,
  useMetering,
} from '../../../harness/metering/metering.ts';
import type { LicenseItem } from '../../../shared/marketplace/items.ts';
import { newId } from '../../../shared/runtime/ids.ts';
import { tenantIds } from '../../../shared/tenants/ids.ts';

const metering = useMetering();
const crash = new Crash();
const samples = sellSamples();
let crashes = 0;
beforeAll(async () => {
  await crash.watch();
  crash.watchClient((await import('../../../shared/marketplace/clients.ts')).meteringClient());
});
afterEach(() => crash.revive());
afterAll(() => {
  vi.restoreAllMocks();
});

interface Holder {
  readonly tenantId: string;
  readonly license: LicenseItem;
}

type Step =
  | { kind: 'report'; quantity: number; minutesAgo: number; tagged: boolean }
  | { kind: 'count'; count: number }
  | { kind: 'meter' }
  | { kind: 'time'; minutes: number };

/** Where a process dies: at which call of which step, before or after it is done. */
interface Death {
  readonly step: number;
  readonly call: number;
  readonly isAfter: boolean;
}

let serial = 0;

/** Stores something once and counts it, as a feature does. */
async function countOnce(tenantId: string, id: string, quantity: number): Promise<void> {
  const { usageRecorder } = await import('../../../shared/metering/meter.ts');
  const { create, transact } = await import('../../../shared/table/table.ts');
  const recorder = await usageRecorder(tenantId, sampleMeter);
  for (;;) {
    const usage = recorder.usageWrites(quantity);
    const stored = create({ pk: `TENANT#${tenantId}`, sk: `SAMPLE#${id}` });
    const failed = await transact([stored, ...usage.writes]);
    if (!failed) return usage.written();
    if (failed[0]) return;
    await usage.refused();
  }
}

/** Does a step until it is done, as clients, queues and schedules do: again after each death. */
async function untilDone<T>(work: () => Promise<T>, deaths: readonly Death[]): Promise<T> {
  for (const { call, isAfter } of deaths) {
    crash.arm(call, isAfter);
    const outcome = await work().then(
      (value) => ({ value }),
      () => undefined,
    );
    if (crash.isDead) crashes += 1;
    const isDone = !crash.isDead && outcome;
    // What the dead process still had under way comes to nothing.
    await new Promise(setImmediate);
    crash.revive();
    if (isDone) return outcome.value;
    await endLease();
  }
  return work();
}

/** A lease of a run that has died is over before the next one. */
async function endLease(): Promise<void> {
  const { updateItem } = await import('../../../shared/table/table.ts');
  const { meteringKeys } = await import('../../../shared/metering/keys.ts');
  await updateItem({
    Key: meteringKeys.run(),
    UpdateExpression: 'SET until_ms = :zero',
    ExpressionAttributeValues: { ':zero': 0 },
  });
}

/** Plays a life of two licenses with deaths in it, and returns what was used and what was billed. */
async function play(
  holders: readonly [Holder, Holder],
  steps: readonly Step[],
  deaths: readonly Death[],
) {
  const { recordUsage } = await modules();
  const used = { api_calls: 0, samples: 0 };
  const run = metering.meter;
  for (const [index, step] of steps.entries()) {
    const holder = holders[index % 2 === 0 ? 0 : 1];
    // A report takes a call or two, a run as many as there is to report.
    const most = step.kind === 'meter' ? Number.POSITIVE_INFINITY : 2;
    const mine = deaths
      .filter(({ step: at }) => at % steps.length === index)
      .map((death) => ({ ...death, call: ((death.call - 1) % most) + 1 }));
    if (step.kind === 'time') travel(step.minutes * minute);
    if (step.kind === 'meter') await untilDone(run, mine);
    if (step.kind === 'report') {
      const { quantity } = step;
      const report = {
        dimension: 'api_calls',
        quantity,
        timestamp: iso(Math.max(Date.now() - step.minutesAgo * minute, morning)),
        idempotency_key: `report-${++serial}`,
        ...(step.tagged && { allocations: [{ quantity, tags: { user: 'ann' } }] }),
      };
      await untilDone(() => recordUsage(holder.tenantId, report), mine);
      used.api_calls += quantity;
    }
    if (step.kind === 'count') {
      const id = `sample-${++serial}`;
      await untilDone(() => countOnce(holder.tenantId, id, step.count), mine);
      used.samples += step.count;
    }
  }
  travel(hour);
  await run();
  // One of them ends in the middle of an hour.
  await end(holders[0]);
  await metering.meterFinally(holders[0].license.license_id);
  travel(hour);
  await run();
  const sumOf = (dimension: string) =>
    holders.reduce(
      (sum, { license }) => sum + metering.aws.sumOf(license.license_id, dimension),
      0,
    );
  const differences = [];
  const { reportUsage } = await modules();
  for (const { tenantId } of holders)
    differences.push(
      ...(await reportUsage(tenantId, '2026-12')).flatMap(({ difference, pending, failed }) => [
        difference,
        pending,
        failed.length,
      ]),
    );
  return {
    used,
    billed: {
      api_calls: sumOf('api_calls'),
      samples: sumOf(samples),
    },
    wrong: [...new Set(metering.aws.statuses)].filter((status) => status !== 'Success'),
    differences: differences.filter((one) => one !== 0),
  };
}

let listed: Holder[] = [];

/** Two tenants with a license each; runs have to do with them alone. */
async function newPair(): Promise<[Holder, Holder]> {
  travelTo(morning);
  const { transact, deleteItem } = await import('../../../shared/table/table.ts');
  const { licenseWrite } = await import('../../../shared/marketplace/licenses.ts');
  const { meteringKeys } = await import('../../../shared/metering/keys.ts');
  const { followLicense, shardOf } = await import('../../../shared/metering/metered-licenses.ts');
  for (const { license } of listed)
    await deleteItem({
      Key: meteringKeys.metered(shardOf(license.license_id), license.license_id),
    });
  listed = [];
  for (let index = 0; index < 2; index += 1) {
    const hex = randomUUID().replaceAll('-', '');
    const license: LicenseItem = {
      license_id: `l-${hex}`,
      license_arn: `arn:aws:license-manager::294406891311:license:l-${hex}`,
      account_id: '111122223333',
      product_code: 'tenantry-demo',
      status: 'ACTIVE',
      is_free_trial: false,
      trial_ends_at: null,
      started_at: iso(morning),
      ends_at: null,
      end_reason: null,
      deprovisioned_at: null,
      renews: null,
      next: null,
      applied_events: 1,
      created_at: iso(morning),
    };
    const tenantId = newId(tenantIds);
    await transact([licenseWrite(tenantId, license), ...followLicense(tenantId, license)]);
    listed.push({ tenantId, license });
  }
  return listed as [Holder, Holder];
}

/** The license ends now. */
async function end({ tenantId, license }: Holder): Promise<void> {
  const { transact } = await import('../../../shared/table/table.ts');
  const { marketplaceKeys } = await import('../../../shared/marketplace/keys.ts');
  const { followLicense } = await import('../../../shared/metering/metered-licenses.ts');
  const ended: LicenseItem = { ...license, status: 'ENDED', ends_at: iso(Date.now()) };
  const Item = { ...marketplaceKeys.license(tenantId, license.license_id), ...ended };
  await transact([{ put: { Item } }, ...followLicense(tenantId, ended)]);
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant('report' as const),
    quantity: fc.integer({ min: 0, max: 1000 }),
    minutesAgo: fc.integer({ min: 0, max: 180 }),
    tagged: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('count' as const), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constant('meter' as const) }),
  fc.record({ kind: fc.constant('time' as const), minutes: fc.integer({ min: 1, max: 150 }) }),
);

it('bills every unit once when processes die at any of their calls', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 6, maxLength: 14 }),
      fc.array(
        fc.record({
          step: fc.integer({ min: 0, max: 13 }),
          call: fc.integer({ min: 1, max: 9 }),
          isAfter: fc.boolean(),
        }),
        { minLength: 40, maxLength: 80 },
      ),
      async (steps, deaths) => {
        const pair = await newPair();
        const { used, billed, wrong, differences } = await play(pair, steps, deaths);
        expect(billed).toEqual(used);
        expect(wrong).toEqual([]);
        expect(differences).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
}, 240_000);

it.each([false, true])(
  'does so with a death at every single call of a run, after it is done: %s',
  async (isAfter) => {
    const steps: Step[] = [
      { kind: 'report', quantity: 3, minutesAgo: 0, tagged: true },
      { kind: 'count', count: 2 },
      { kind: 'time', minutes: 130 },
      { kind: 'meter' },
      { kind: 'report', quantity: 4, minutesAgo: 60, tagged: false },
    ];
    for (const at of [0, 1, 3, 4])
      for (let call = 1; call <= 40; call += 1) {
        const before = crashes;
        const pair = await newPair();
        const outcome = await play(pair, steps, [{ step: at, call, isAfter }]);
        expect(outcome.billed, `step ${at}, call ${call}`).toEqual(outcome.used);
        expect(outcome.wrong).toEqual([]);
        expect(outcome.differences).toEqual([]);
        if (crashes === before) break;
      }
  },
  240_000,
);

it('has died a thousand times', () => {
  expect(crashes).toBeGreaterThanOrEqual(1000);
});

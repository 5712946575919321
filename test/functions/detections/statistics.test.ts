import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { day, minute, travelTo } from '../../../harness/clock.ts';
import {
  at,
  type Detection,
  noon,
  type Query,
  seen,
  useDetections,
} from '../../../harness/detections/detections.ts';
import { allItems, setPlan } from '../../../harness/items.ts';
import { type Member, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const { fresh, ingest, readAll } = useDetections(world);

interface Statistics {
  from: string;
  to: string;
  total: number;
  days: { day: string; count: number }[];
  labels: { label: string; count: number }[];
  sources: { source_ip: string; count: number }[];
  complete: boolean;
}
const statisticsOf = (member: Member, query: Query = {}) =>
  world.send<Statistics>('GET', '/api/v1/detections/stats', { token: member.access_token, query });

const dayOf = (ms: number) => at(ms).slice(0, 10);
const countBy = (items: Detection[], of: (item: Detection) => string) =>
  Object.fromEntries([...Map.groupBy(items, of)].map(([name, { length }]) => [name, length]));
const asCounts = <T extends { count: number }>(items: T[], of: (item: T) => string) =>
  Object.fromEntries(items.filter(({ count }) => count > 0).map((item) => [of(item), item.count]));

/** The statistics must be what counting the listed detections gives. */
function expectRecount({ body }: { body: Statistics }, items: Detection[]): void {
  expect(body.total).toBe(items.length);
  expect(body.complete).toBe(true);
  expect(asCounts(body.days, (one) => one.day)).toEqual(
    countBy(items, ({ ts }) => ts.slice(0, 10)),
  );
  expect(asCounts(body.labels, ({ label }) => label)).toEqual(countBy(items, (one) => one.label));
  const sources = Object.entries(countBy(items, ({ source_ip }) => source_ip))
    .toSorted(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1))
    .slice(0, 20);
  expect(body.sources.map(({ source_ip, count }) => [source_ip, count])).toEqual(sources);
}

/** Reports until it is taken: a sensor tries again when the service is busy. */
async function report(detections: object[], key: string): Promise<number> {
  for (;;) {
    const { status, body } = await ingest(detections, key);
    if (status === 202) return body.accepted;
    expect(status).toBe(503);
  }
}

const detection = fc.record({
  id: fc.integer({ min: 0, max: 80 }).map((number) => `s${number}`),
  ts: fc.integer({ min: 0, max: 89 * 24 }).map((hours) => at(noon - hours * (day / 24))),
  source_ip: fc.oneof(
    fc.integer({ min: 0, max: 40 }).map((number) => `192.0.2.${number}`),
    fc.constantFrom('2001:db8::1', '2001:DB8::1', '::ffff:192.0.2.1'),
  ),
  label: fc.constantFrom('MALWARE', 'SCAN', 'port scan', 'a/b c-d_e.f:1', 'SOURCE', '__proto__'),
  probability: fc.constant(0.5),
});

describe('statistics', () => {
  it('are what a recount gives, whatever is reported twice, at once or across days', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(detection, { minLength: 1, maxLength: 60 }), {
          minLength: 1,
          maxLength: 4,
        }),
        async (batches) => {
          const { member, key } = await fresh();

          await Promise.all(
            [...batches, ...batches.slice(0, 1)].map((batch) => report(batch, key)),
          );
          await report(batches[0] ?? [], key);

          const { items } = await readAll({ limit: '200' }, member);
          expectRecount(await statisticsOf(member, { from: dayOf(noon - 90 * day) }), items);
          const [from, to] = [noon - 60 * day, noon - 20 * day].map(dayOf) as [string, string];
          expectRecount(
            await statisticsOf(member, { from, to }),
            items.filter(({ ts }) => ts.slice(0, 10) >= from && ts.slice(0, 10) <= to),
          );
        },
      ),
      { numRuns: 10 },
    );
  }, 60_000);

  it('count a detection once that is reported 10 times at once', async () => {
    const { member, key } = await fresh();

    const accepted = await Promise.all(
      Array.from({ length: 10 }, () => report([{ ...seen, id: 'x' }], key)),
    );

    expect(accepted.reduce((sum, one) => sum + one)).toBe(1);
    expect((await statisticsOf(member)).body).toMatchObject({
      total: 1,
      labels: [{ label: seen.label, count: 1 }],
      sources: [{ source_ip: seen.source_ip, count: 1 }],
    });
  });

  it('of a request of 100 that share nothing are complete, and so is what is stored', async () => {
    const { member, key } = await fresh();
    const wanted = Array.from({ length: 100 }, (_, i) => ({
      ...seen,
      ts: at(noon - (i % 80) * day),
      label: `L${i}`,
      source_ip: `198.51.100.${i}`,
    }));

    expect(await report(wanted, key)).toBe(100);

    const { items } = await readAll({ limit: '200' }, member);
    expect(items).toHaveLength(100);
    expectRecount(await statisticsOf(member, { from: dayOf(noon - 90 * day) }), items);
  });

  it('without a range are of the last 30 days, each of them there', async () => {
    const { member } = await fresh();

    const { body } = await statisticsOf(member);

    expect(body).toMatchObject({ from: dayOf(noon - 29 * day), to: dayOf(noon), total: 0 });
    expect(body.days).toHaveLength(30);
    expect(body.days.every(({ count }) => count === 0)).toBe(true);
  });

  it.each([
    ['FREE', 30],
    ['STARTER', 90],
    ['PRO', 180],
    ['ENTERPRISE', 365],
  ] as const)('of the plan %s go back %i days, whatever is asked', async (plan, days) => {
    const { member, key } = await fresh(plan);
    await ingest([seen, { ...seen, ts: at(noon - days * day) }], key);

    const { body } = await statisticsOf(member, { from: '2020-01-01', to: '2030-01-01' });

    expect(body).toMatchObject({ from: dayOf(noon - days * day), to: dayOf(noon), total: 2 });
    expect(body.days).toHaveLength(days + 1);
    travelTo(noon + day);
    const later = { ...member, ...(await world.refresh(member.refresh_token)).body };
    expect((await statisticsOf(later, { from: '2020-01-01' })).body.total).toBe(1);
  });

  it('expire with the detections also when the plan changes from one report to the next', async () => {
    const { member, key } = await fresh('ENTERPRISE');
    const longAgo = { ...seen, ts: at(noon - 20 * day) };
    await ingest([longAgo], key);
    await setPlan(member, 'FREE');
    // Long enough for containers to forget the plan.
    travelTo(noon + minute);
    await ingest([longAgo], key);

    const endOf = (items: Record<string, unknown>[]) =>
      items.map(({ ttl }) => Math.floor((Number(ttl) * 1000 - noon) / day)).toSorted();
    const items = (await allItems()).filter(({ pk }) => String(pk).includes(member.tenantId));
    const ends = endOf(items.filter(({ sk }) => sk === 'DETECTION'));
    const countEnds = endOf(items.filter(({ pk }) => String(pk).includes('#DETECTIONCOUNTS#')));

    expect(ends).toEqual([10, 345]);
    expect(countEnds).toEqual([10, 10, 345, 345]);
  });

  it('of days that are all too long ago are one day without a count', async () => {
    const { member } = await fresh('FREE');

    expect((await statisticsOf(member, { to: '0000-01-01' })).body).toMatchObject({
      from: '0000-01-01',
      to: '0000-01-01',
      total: 0,
    });
  });

  it('expire with the detections', async () => {
    const { member, key } = await fresh('FREE');
    await ingest([seen], key);

    const counts = (await allItems()).filter(({ pk }) =>
      String(pk).startsWith(`TENANT#${member.tenantId}#DETECTIONCOUNTS#`),
    );

    expect(counts.map(({ ttl }) => ttl)).toEqual(
      new Array(2).fill(Date.parse(dayOf(noon + 31 * day)) / 1000),
    );
  });

  it.each([
    [{ from: '2026-12-02', to: '2026-12-01' }, '/from'],
    [{ from: '9999-12-31' }, '/from'],
    [{ from: 'yesterday' }, '/from'],
    [{ from: '2026-02-30' }, '/from'],
    [{ to: '2026-12-01T00:00:00Z' }, '/to'],
    [{ limit: '1' }, '/limit'],
  ])('refuse the query %j', async (query, pointer) => {
    expect(await statisticsOf((await fresh()).member, query as unknown as Query)).toMatchObject({
      status: 422,
      body: { code: 'validation_failed', errors: [{ in: 'query', pointer }] },
    });
  });
});

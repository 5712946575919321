import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { consumedBy, TableMeter } from '../../../bench/table-meter.ts';
import { day, hour, minute, second, travelTo } from '../../../harness/clock.ts';
import {
  at,
  noon,
  type Query,
  seen,
  useDetections,
} from '../../../harness/detections/detections.ts';
import { setPlan } from '../../../harness/items.ts';
import { type Answered, type Member, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const { fresh, ingest, list, readAll } = useDetections(world);

describe('the list', () => {
  it('of a tenant without detections is empty', async () => {
    const { member } = await fresh();

    expect((await list({}, member)).body).toEqual({ items: [], next_cursor: null });
  });

  it('read to the end has everything exactly once, newest first, across quarters', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.integer({ min: -5 * minute, max: 90 * day }),
            // Several at one time, and around the borders of months and quarters.
            fc.constantFrom(
              0,
              1,
              day,
              14.5 * day,
              14.5 * day + 1,
              44.5 * day,
              75.5 * day,
              75.5 * day - 1,
            ),
          ),
          { minLength: 1, maxLength: 60 },
        ),
        fc.integer({ min: 1, max: 20 }),
        async (ages, limit) => {
          const { member, key } = await fresh();
          const wanted = ages.map((age, index) => ({
            ...seen,
            id: `d${index}`,
            ts: at(noon - age),
          }));
          await ingest(wanted, key);

          const { items, sizes } = await readAll({ limit: String(limit) }, member);

          const expected = wanted.toSorted((a, b) =>
            `${a.ts}#${a.id}` < `${b.ts}#${b.id}` ? 1 : -1,
          );
          expect(items).toEqual(expected);
          expect(sizes.slice(0, -1).every((size) => size === limit)).toBe(true);
          expect(sizes).toHaveLength(Math.ceil(wanted.length / limit));
        },
      ),
      { numRuns: 12, examples: [[[90 * day, 0], 1]] },
    );
  }, 60_000);

  it('answers also at its older address', async () => {
    const { member } = await fresh();

    const answer = await world.send('GET', '/detections', { token: member.access_token });

    expect(answer.status).toBe(200);
  });

  it('with filters examines a bounded number for a page, and still ends with everything', async () => {
    const { member, key } = await fresh();
    for (let batch = 0; batch < 21; batch += 1)
      await ingest(
        Array.from({ length: 100 }, (_, index) => ({
          ...seen,
          id: `b${batch}-${index}`,
          ts: at(noon - (batch * 100 + index) * second),
          label: batch === 20 ? 'RARE' : 'USUAL',
        })),
        key,
      );

    const first = await list({ label: 'RARE' }, member);
    const { items, sizes } = await readAll({ label: 'RARE' }, member);

    expect(first.body).toEqual({ items: [], next_cursor: expect.any(String) });
    expect(items).toHaveLength(100);
    expect(new Set(items.map(({ id }) => id)).size).toBe(100);
    expect(sizes.length).toBeGreaterThan(2);
  });

  describe('with filters', () => {
    let reader: Member;
    const stored = Array.from({ length: 40 }, (_, index) => ({
      id: `f${String(index).padStart(2, '0')}`,
      ts: at(noon - index * 2 * day),
      source_ip: index % 3 ? '192.0.2.1' : '2001:db8::1',
      label: index % 2 ? 'MALWARE' : 'SCAN',
      probability: index / 40,
      ...(index % 5 === 0 && { eni_id: 'eni-0123abcd' }),
    }));
    beforeAll(async () => {
      travelTo(noon);
      const { member, key } = await fresh();
      reader = member;
      await ingest(stored, key);
    });

    const cases: [Query, (detection: (typeof stored)[number]) => boolean][] = [
      [{ label: 'SCAN' }, ({ label }) => label === 'SCAN'],
      [{ min_probability: '0.5' }, ({ probability }) => probability >= 0.5],
      [{ min_probability: '0' }, () => true],
      [{ min_probability: '0.2524816765956895' }, ({ probability }) => probability >= 0.25248],
      [{ min_probability: '1e-7' }, ({ probability }) => probability > 0],
      [{ min_probability: '5e-324' }, () => true],
      [{ source_ip: '2001:db8::1' }, ({ source_ip }) => source_ip === '2001:db8::1'],
      [{ eni_id: 'eni-0123abcd' }, ({ eni_id }) => eni_id !== undefined],
      [{ eni_id: 'eni-0123abce' }, () => false],
      [{ from: at(noon - 30 * day) }, ({ ts }) => ts >= at(noon - 30 * day)],
      [{ to: at(noon - 30 * day) }, ({ ts }) => ts <= at(noon - 30 * day)],
      [
        { from: at(noon - 20 * day), to: at(noon - 4 * day) },
        ({ ts }) => ts >= at(noon - 20 * day) && ts <= at(noon - 4 * day),
      ],
      [{ from: at(noon), to: at(noon) }, ({ ts }) => ts === at(noon)],
      [
        {
          label: 'MALWARE',
          min_probability: '0.3',
          source_ip: '192.0.2.1',
          to: at(noon - 10 * day),
        },
        ({ label, probability, source_ip, ts }) =>
          label === 'MALWARE' &&
          probability >= 0.3 &&
          source_ip === '192.0.2.1' &&
          ts <= at(noon - 10 * day),
      ],
    ];
    it.each(cases)('%j has exactly what matches, also by small pages', async (query, matches) => {
      const expected = stored.filter(matches).map(({ id }) => id);

      for (const limit of ['3', '200']) {
        const { items } = await readAll({ ...query, limit }, reader);
        expect(items.map(({ id }) => id)).toEqual(expected);
      }
    });

    it.each([
      ['ends before it begins', { from: at(noon - day), to: at(noon - 2 * day) }],
      ['ends before it begins, in other quarters', { from: at(noon), to: at(noon - 80 * day) }],
      ['ended before the retention began', { to: at(noon - 90 * day - 1) }],
      ['ended in another year', { to: '2020-01-01T00:00:00Z' }],
      ['begins in the future', { from: at(noon + day) }],
      ['begins in the year 9999', { from: '9999-12-31T23:59:59Z' }],
    ])('is empty for a range that %s', async (_, query) => {
      expect(await list(query, reader)).toMatchObject({
        status: 200,
        body: { items: [], next_cursor: null },
      });
    });
  });

  it.each([
    [{ limit: '0' }],
    [{ limit: '201' }],
    [{ limit: '1.5' }],
    [{ limit: '-1' }],
    [{ limit: 'x' }],
    [{ limit: '' }],
    [{ limit: '1e400' }],
    [{ min_probability: '1.1' }],
    [{ min_probability: '-0.1' }],
    [{ min_probability: 'NaN' }],
    [{ from: 'yesterday' }],
    [{ from: '2026-11-20' }],
    [{ to: '2026-11-20T12:00:00' }],
    [{ to: '' }],
    [{ label: '' }],
    [{ label: "x' OR 1=1" }],
    [{ source_ip: '1' }],
    [{ eni_id: 'x' }],
    [{ cursor: '' }],
    [{ cursor: 'x'.repeat(2049) }],
    [{ offset: '10' }],
    [{ tenant_id: 'x' }],
  ])('refuses the query %j (checks 62, 76)', async (query) => {
    const answer = (await list(query as Query, (await fresh()).member)) as Answered<unknown>;

    const [name] = Object.keys(query);
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'validation_failed', errors: [{ in: 'query', pointer: `/${name}` }] },
    });
  });

  it('refuses a parameter that is given twice (check 76)', async () => {
    const { member } = await fresh();
    const answer = await world.send('GET', '/api/v1/detections', {
      token: member.access_token,
      query: { limit: ['1', '2'] },
    });

    expect(answer.status).toBe(422);
  });

  it('goes on where it stood when new detections arrive and the clock moves on', async () => {
    const { member, key } = await fresh();
    const old = Array.from({ length: 10 }, (_, i) => ({
      ...seen,
      id: `o${i}`,
      ts: at(noon - i * hour),
    }));
    await ingest(old, key);
    const first = await list({ limit: '4' }, member);
    travelTo(noon + 10 * minute);
    await ingest([{ ...seen, id: 'new' }], key);

    const rest = await list({ limit: '20', cursor: first.body.next_cursor ?? '' }, member);

    expect([...first.body.items, ...rest.body.items]).toEqual(old);
  });

  describe('of a tenant with an older quarter', () => {
    /** Half of them in this quarter, half in the one before. */
    const stored = Array.from({ length: 8 }, (_, index) => ({
      ...seen,
      id: `q${index}`,
      ts: at(noon - (index < 4 ? index : 80 + index) * day),
    }));
    const ids = (from: number, to: number) => stored.slice(from, to).map(({ id }) => id);
    let meter: TableMeter;
    beforeAll(async () => {
      meter = new TableMeter((await import('../../../shared/table/table.ts')).tableClient);
    });
    async function reader() {
      const { member, key } = await fresh();
      await ingest(stored, key);
      // The session and the VNI are not what is counted here.
      await list({ limit: '1', from: at(noon) }, member);
      return async (query: Query) => {
        let page: string[] = [];
        let next: string | null = null;
        const calls = await meter.watch(async () => {
          const { body } = await list(query, member);
          page = body.items.map(({ id }) => id);
          next = body.next_cursor;
        });
        const queries = calls.filter(({ action }) => action === 'Query');
        return { page, next, queries: queries.length, units: consumedBy(queries).read };
      };
    }

    it('reads that quarter no more once the newest is known to fill the page', async () => {
      const read = await reader();

      expect(await read({ limit: '3' })).toMatchObject({ page: ids(0, 3), queries: 2, units: 1 });
      expect(await read({ limit: '3' })).toMatchObject({ page: ids(0, 3), queries: 1, units: 0.5 });
      expect(await read({ limit: '2' })).toMatchObject({ page: ids(0, 2), queries: 1 });
      expect(await read({ limit: '5' })).toMatchObject({ page: ids(0, 5), queries: 2 });
    });

    it('lists all that there is also when less fills the page than before', async () => {
      const read = await reader();
      await read({ limit: '3' });
      const inTwoQuarters = { limit: '3', to: at(noon - 2 * day) };

      expect(await read(inTwoQuarters)).toMatchObject({ page: ids(2, 5), queries: 2 });
      expect(await read(inTwoQuarters)).toMatchObject({ page: ids(2, 5), queries: 2 });
      expect(await read({ limit: '3' })).toMatchObject({ page: ids(0, 3) });
    });

    it('goes over from one quarter to the other where a page has room', async () => {
      const read = await reader();

      const first = await read({ limit: '3' });
      const second = await read({ limit: '3', cursor: first.next ?? '' });
      const third = await read({ limit: '3', cursor: second.next ?? '' });

      expect([first.page, second.page, third.page]).toEqual([ids(0, 3), ids(3, 6), ids(6, 8)]);
      expect([first.queries, second.queries, third.queries]).toEqual([2, 2, 1]);
      expect(third.next).toBeNull();
    });
  });

  it('ends well when what was left has passed out of the retention meanwhile', async () => {
    const { member, key } = await fresh();
    const ages = [0, 89 * day, 90 * day - 2 * second, 90 * day - second];
    await ingest(
      ages.map((age, i) => ({ ...seen, id: `r${i}`, ts: at(noon - age) })),
      key,
    );
    const first = await list({ limit: '3' }, member);
    expect(first.body.items).toHaveLength(3);
    travelTo(noon + minute);

    const rest = await list({ limit: '3', cursor: first.body.next_cursor ?? '' }, member);

    expect(rest).toMatchObject({ status: 200, body: { items: [], next_cursor: null } });
  });

  it.each([
    ['FREE', 30],
    ['STARTER', 90],
    ['PRO', 180],
    ['ENTERPRISE', 365],
    [null, 90],
  ] as const)(
    'of the plan %s goes back %i days, as ingest does, also by small pages',
    async (plan, days) => {
      const { member, key } = await fresh(plan);
      const ages = [0, 29, 31, 89, 91, 150, 179, 181, 250, 330, 364, 366].map((age) => age * day);
      const wanted = ages.map((age, i) => ({ ...seen, id: `p${i}`, ts: at(noon - age) }));
      const within = wanted.filter(({ ts }) => ts >= at(noon - days * day));

      const refused = await ingest(wanted, key);
      await ingest(within, key);

      expect(refused.status).toBe(422);
      expect(refused.body.errors?.map(({ pointer }) => pointer)).toEqual(
        wanted.flatMap(({ id }, i) =>
          within.some((one) => one.id === id) ? [] : [`/detections/${i}/ts`],
        ),
      );
      for (const limit of ['1', '3', '200'])
        expect((await readAll({ limit }, member)).items).toEqual(within);
      expect((await readAll({ limit: '2', label: 'MALWARE' }, member)).items).toEqual(within);
      const older = within.filter(({ ts }) => ts <= at(noon - 95 * day));
      expect((await readAll({ to: at(noon - 95 * day) }, member)).items).toEqual(older);
    },
  );

  it('shows less at once when the plan keeps less, and nothing again that has expired', async () => {
    const { member, key } = await fresh('STARTER');
    await ingest(
      [10, 40, 80].map((age) => ({ ...seen, id: `c${age}`, ts: at(noon - age * day) })),
      key,
    );

    await setPlan(member, 'FREE');
    travelTo(noon + minute);
    expect((await readAll({}, member)).items.map(({ id }) => id)).toEqual(['c10']);
    await setPlan(member, 'ENTERPRISE');
    travelTo(noon + 15 * day);
    const later = { ...member, ...(await world.refresh(member.refresh_token)).body };
    expect((await readAll({}, later)).items.map(({ id }) => id)).toEqual(['c10', 'c40']);
  });

  it('does not show what is older than 90 days, though it is not deleted yet', async () => {
    const { member, key } = await fresh();
    await ingest([{ ...seen, ts: at(noon - 90 * day + minute) }], key);
    travelTo(noon + 2 * minute);

    expect((await list({}, member)).body.items).toEqual([]);
  });
});

describe('seeding', () => {
  it('inserts fifteen to look at, in the tenant of the caller', async () => {
    const { member } = await fresh();

    const answer = await world.send('POST', '/dev/seed-detections', { token: member.access_token });

    expect(answer).toMatchObject({ status: 200, body: { inserted: 15 } });
    const { items } = await readAll({}, member);
    expect(items).toHaveLength(15);
    for (const { source_ip, label, probability } of items) {
      expect(source_ip).toMatch(/^192\.168\.0\.(?:[2-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])$/);
      expect(label).toBe('MALWARE');
      expect(probability).toBeGreaterThanOrEqual(0.55);
      expect(probability).toBeLessThanOrEqual(0.95);
    }
  });
});

import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { limitPolicies } from '../../shared/contract/limits.ts';
import { pretendBcrypt } from '../support/bcrypt.ts';
import { day, freezeInWindow, hour, minute, second, travelTo } from '../support/clock.ts';
import { lastingItems, useUp } from '../support/items.ts';
import { type Answered, type Member, randomAddress, useWorld } from '../support/world.ts';

const world = useWorld();
interface Detection {
  id: string;
  ts: string;
  source_ip: string;
  label: string;
  probability: number;
  eni_id?: string;
}
interface Page {
  items: Detection[];
  next_cursor: string | null;
}
type Query = Record<string, string>;

/** In the middle of a month, so that a test may cross into others; later than the keys' first use. */
const now = Date.UTC(2026, 11, 15, 12);
const at = (ms: number) => new Date(ms).toISOString();

let owner: Member;
let apiKey: string;
let stranger: Member;
let strangerKey: string;

async function withKey(member: Member): Promise<string> {
  const { body } = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
    token: member.access_token,
    body: { name: 'sensor' },
  });
  return body.key;
}

beforeAll(async () => {
  travelTo(now);
  pretendBcrypt('not needed here');
  owner = await world.signUp();
  stranger = await world.signUp();
  apiKey = await withKey(owner);
  strangerKey = await withKey(stranger);
});
beforeEach(() => {
  travelTo(now);
});
afterAll(() => {
  vi.restoreAllMocks();
});

const seen = { source_ip: '192.0.2.1', label: 'MALWARE', probability: 0.5 };

const ingest = (detections: object[], key = apiKey) =>
  world.send<{ accepted: number; duplicates: number; errors?: { pointer: string }[] }>(
    'POST',
    '/api/v1/detections',
    { apiKey: key, body: { detections }, address: randomAddress() },
  );
const list = (query: Query = {}, member = owner) =>
  world.send<Page>('GET', '/api/v1/detections', { token: member.access_token, query });

/** Every detection that paging finds, and the size of each page. */
async function readAll(query: Query = {}, member = owner) {
  const items: Detection[] = [];
  const sizes: number[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { status, body } = await list({ ...query, ...(cursor && { cursor }) }, member);
    expect(status).toBe(200);
    items.push(...body.items);
    sizes.push(body.items.length);
    cursor = body.next_cursor;
    if (sizes.length > 500) throw new Error('Paging does not end');
  }
  return { items, sizes };
}

/** A tenant of its own for a test that counts. */
async function fresh() {
  const member = await world.signUp();
  return { member, key: await withKey(member) };
}

describe('ingest', () => {
  it('stores what a sensor reports, and fills in an id and the time', async () => {
    const { member, key } = await fresh();

    const answer = await ingest([seen, { ...seen, id: 'mine', eni_id: 'eni-0123abcd' }], key);

    expect(answer).toMatchObject({ status: 202, body: { accepted: 2, duplicates: 0 } });
    const { items } = await readAll({}, member);
    expect(items).toHaveLength(2);
    expect(items).toContainEqual({ ...seen, id: 'mine', ts: at(now), eni_id: 'eni-0123abcd' });
    expect(items).toContainEqual({ ...seen, id: expect.stringMatching(/^det_/), ts: at(now) });
  });

  it('is idempotent by id: the first report stays, whatever the second says', async () => {
    const { member, key } = await fresh();
    const first = { ...seen, id: 'x', ts: at(now - day) };
    await ingest([first], key);

    const again = await ingest(
      [first, { ...first, ts: at(now - 40 * day) }, { ...first, ts: at(now), probability: 1 }],
      key,
    );

    expect(again.body).toEqual({ accepted: 0, duplicates: 3 });
    expect((await readAll({}, member)).items).toEqual([first]);
  });

  it('counts the same id within one request as a duplicate', async () => {
    const { member, key } = await fresh();
    const first = { ...seen, id: 'x', ts: at(now) };

    const answer = await ingest(
      [first, { ...first, ts: at(now - day) }, { ...seen, id: 'y' }],
      key,
    );

    expect(answer.body).toEqual({ accepted: 2, duplicates: 1 });
    expect((await readAll({}, member)).items.filter(({ id }) => id === 'x')).toEqual([first]);
  });

  it('takes the new ones out of a request with old ones', async () => {
    const { member, key } = await fresh();
    await ingest([{ ...seen, id: 'a' }], key);

    const answer = await ingest(
      ['a', 'b', 'c'].map((id) => ({ ...seen, id })),
      key,
    );

    expect(answer.body).toEqual({ accepted: 2, duplicates: 1 });
    expect((await readAll({}, member)).items).toHaveLength(3);
  });

  it('of one detection 20 times at once stores it once', async () => {
    const { member, key } = await fresh();

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ingest([{ ...seen, id: 'x' }], key)),
    );

    const stored = answers.filter(({ status }) => status === 202);
    expect(stored.reduce((sum, { body }) => sum + body.accepted, 0)).toBe(1);
    for (const { status, headers } of answers)
      if (status !== 202) expect([status, headers['retry-after']]).toEqual([503, '1']);
    expect((await readAll({}, member)).items).toHaveLength(1);
  });

  it('lets two tenants use one id: each has its own (check 63)', async () => {
    await ingest([{ ...seen, id: 'shared', label: 'OURS' }]);

    const answer = await ingest([{ ...seen, id: 'shared', label: 'THEIRS' }], strangerKey);

    expect(answer.body).toEqual({ accepted: 1, duplicates: 0 });
    expect((await readAll({ label: 'OURS' })).items).toHaveLength(1);
    expect((await readAll({ label: 'THEIRS' })).items).toHaveLength(0);
  });

  it('takes the bounds of every field', async () => {
    const { key } = await fresh();
    const answer = await ingest(
      [
        { ...seen, ts: at(now + 5 * minute) },
        { ...seen, ts: at(now - 90 * day) },
        { ...seen, ts: '2026-12-15T15:00:00+03:00' },
        { ...seen, ts: '2026-12-15T12:00:00.123456Z' },
        { ...seen, probability: 0 },
        { ...seen, probability: 1 },
        { ...seen, id: 'x'.repeat(64) },
        { ...seen, id: 'a.b_c:d-e' },
        { ...seen, label: 'a/b c-d_e.f:1' },
        { ...seen, source_ip: '2001:db8::1' },
        { ...seen, eni_id: 'eni-0123456789abcdef0' },
      ],
      key,
    );

    expect(answer).toMatchObject({ status: 202, body: { accepted: 11, duplicates: 0 } });
  });

  it.each([
    ['a time 5 minutes and a bit ahead', { ts: at(now + 5 * minute + 1) }, '/detections/0/ts'],
    ['a time more than 90 days ago', { ts: at(now - 90 * day - 1) }, '/detections/0/ts'],
    ['a time without zone', { ts: '2026-12-15T12:00:00' }, '/detections/0/ts'],
    ['a day that does not exist', { ts: '2026-02-30T12:00:00Z' }, '/detections/0/ts'],
    ['an hour that does not exist', { ts: '2026-12-15T24:30:00Z' }, '/detections/0/ts'],
    ['a zone that does not exist', { ts: '2026-12-15T12:00:00+99:99' }, '/detections/0/ts'],
    ['a zone of 24 hours', { ts: '2026-12-15T12:00:00+24:00' }, '/detections/0/ts'],
    ['a leap second', { ts: '2016-12-31T23:59:60Z' }, '/detections/0/ts'],
    ['a year of six digits', { ts: '+275760-09-13T00:00:00Z' }, '/detections/0/ts'],
    ['a number for the time', { ts: now }, '/detections/0/ts'],
    ['a # in the id', { id: 'a#b' }, '/detections/0/id'],
    ['a space in the id', { id: 'a b' }, '/detections/0/id'],
    ['a line break after the id', { id: 'a\n' }, '/detections/0/id'],
    ['an empty id', { id: '' }, '/detections/0/id'],
    ['an id of 65', { id: 'x'.repeat(65) }, '/detections/0/id'],
    ['half an address', { source_ip: '192.0.2' }, '/detections/0/source_ip'],
    ['an address with a port', { source_ip: '192.0.2.1:80' }, '/detections/0/source_ip'],
    ['a host name', { source_ip: 'localhost' }, '/detections/0/source_ip'],
    ['markup as label', { label: '<script>' }, '/detections/0/label'],
    ['an empty label', { label: '' }, '/detections/0/label'],
    ['a probability above 1', { probability: 1.0001 }, '/detections/0/probability'],
    ['a negative probability', { probability: -0.1 }, '/detections/0/probability'],
    ['a probability as text', { probability: '0.5' }, '/detections/0/probability'],
    ['another network interface', { eni_id: 'vpc-0123abcd' }, '/detections/0/eni_id'],
    ['a field of ours', { tenant_id: 'x' }, '/detections/0/tenant_id'],
    ['a key of the table', { pk: 'TENANT#x' }, '/detections/0/pk'],
    ['a TTL', { ttl: 1 }, '/detections/0/ttl'],
  ])('refuses %s, all of the request, and names it (checks 62, 63)', async (_, wrong, pointer) => {
    const before = await lastingItems();

    const answer = await ingest([{ ...seen, ...wrong }, seen]);

    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(answer.body.errors).toMatchObject([{ pointer }]);
    expect(await lastingItems()).toEqual(before);
  });

  it('takes 1 to 100 at a time', async () => {
    const { member, key } = await fresh();
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...seen, id: `n${i}` }));

    expect((await ingest([], key)).status).toBe(422);
    expect((await ingest(many(101), key)).status).toBe(422);
    expect((await readAll({}, member)).items).toEqual([]);
    expect((await ingest(many(100), key)).body).toEqual({ accepted: 100, duplicates: 0 });
    expect((await readAll({}, member)).items).toHaveLength(100);
  });

  it.each(['ingest.key', 'ingest.tenant', 'ingest.address'] as const)(
    'is limited by %s, with all limits told (checks 52, 74)',
    async (limit) => {
      freezeInWindow(limitPolicies[limit].windowSeconds);
      const address = randomAddress();
      const { member, key } = await fresh();
      const { body } = await world.send<{ items: { id: string }[] }>('GET', '/api/v1/api-keys', {
        token: member.access_token,
      });
      const subject = {
        'ingest.key': body.items[0]?.id ?? '',
        'ingest.tenant': member.tenantId,
        'ingest.address': address,
      }[limit];
      await useUp(limit, subject, limitPolicies[limit].quota - 3);

      const answers = await Promise.all(
        Array.from({ length: 10 }, () =>
          world.send('POST', '/api/v1/detections', {
            apiKey: key,
            body: { detections: [seen] },
            address,
          }),
        ),
      );

      expect(answers.filter(({ status }) => status === 202)).toHaveLength(3);
      const refused = answers.find(({ status }) => status === 429);
      expect(refused?.headers['retry-after']).toBe('59');
      expect(refused?.headers['ratelimit-policy']).toContain(`"${limit}";q=`);
      expect(refused?.headers.ratelimit).toContain(`"${limit}";r=0;t=59`);
    },
  );
});

describe('the list', () => {
  it('of a tenant without detections is empty', async () => {
    const { member } = await fresh();

    expect((await list({}, member)).body).toEqual({ items: [], next_cursor: null });
  });

  it('read to the end has everything exactly once, newest first, across months', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.integer({ min: -5 * minute, max: 90 * day }),
            // Several at one time, and around the borders of months.
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
            ts: at(now - age),
          }));
          await ingest(wanted, key);

          const { items, sizes } = await readAll({ limit: String(limit) }, member);

          const expected = wanted.toSorted((a, b) =>
            `${a.ts}#${a.id}` < `${b.ts}#${b.id}` ? 1 : -1,
          );
          expect(items).toEqual(expected);
          expect(sizes.slice(0, -1).every((size) => size === limit)).toBe(true);
        },
      ),
      { numRuns: 12 },
    );
  }, 60_000);

  it('answers also at its older address', async () => {
    const answer = await world.send<Page>('GET', '/detections', { token: owner.access_token });

    expect(answer.status).toBe(200);
  });

  describe('with filters', () => {
    let reader: Member;
    const stored = Array.from({ length: 40 }, (_, index) => ({
      id: `f${String(index).padStart(2, '0')}`,
      ts: at(now - index * 2 * day),
      source_ip: index % 3 ? '192.0.2.1' : '2001:db8::1',
      label: index % 2 ? 'MALWARE' : 'SCAN',
      probability: index / 40,
      ...(index % 5 === 0 && { eni_id: 'eni-0123abcd' }),
    }));
    beforeAll(async () => {
      travelTo(now);
      const { member, key } = await fresh();
      reader = member;
      await ingest(stored, key);
    });

    const cases: [Query, (detection: (typeof stored)[number]) => boolean][] = [
      [{ label: 'SCAN' }, ({ label }) => label === 'SCAN'],
      [{ min_probability: '0.5' }, ({ probability }) => probability >= 0.5],
      [{ min_probability: '0' }, () => true],
      [{ source_ip: '2001:db8::1' }, ({ source_ip }) => source_ip === '2001:db8::1'],
      [{ eni_id: 'eni-0123abcd' }, ({ eni_id }) => eni_id !== undefined],
      [{ eni_id: 'eni-0123abce' }, () => false],
      [{ from: at(now - 30 * day) }, ({ ts }) => ts >= at(now - 30 * day)],
      [{ to: at(now - 30 * day) }, ({ ts }) => ts <= at(now - 30 * day)],
      [
        { from: at(now - 20 * day), to: at(now - 4 * day) },
        ({ ts }) => ts >= at(now - 20 * day) && ts <= at(now - 4 * day),
      ],
      [{ from: at(now), to: at(now) }, ({ ts }) => ts === at(now)],
      [
        {
          label: 'MALWARE',
          min_probability: '0.3',
          source_ip: '192.0.2.1',
          to: at(now - 10 * day),
        },
        ({ label, probability, source_ip, ts }) =>
          label === 'MALWARE' &&
          probability >= 0.3 &&
          source_ip === '192.0.2.1' &&
          ts <= at(now - 10 * day),
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
      ['ends before it begins', { from: at(now - day), to: at(now - 2 * day) }],
      ['ends before it begins, months apart', { from: at(now), to: at(now - 80 * day) }],
      ['ended before the retention began', { to: at(now - 90 * day - 1) }],
      ['ended in another year', { to: '2020-01-01T00:00:00Z' }],
      ['begins in the future', { from: at(now + day) }],
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
    const answer = (await list(query as Query)) as Answered<unknown>;

    const [name] = Object.keys(query);
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'validation_failed', errors: [{ in: 'query', pointer: `/${name}` }] },
    });
  });

  it('refuses a parameter that is given twice (check 76)', async () => {
    const answer = await world.send('GET', '/api/v1/detections', {
      token: owner.access_token,
      query: { limit: ['1', '2'] },
    });

    expect(answer.status).toBe(422);
  });

  it('goes on where it stood when new detections arrive and the clock moves on', async () => {
    const { member, key } = await fresh();
    const old = Array.from({ length: 10 }, (_, i) => ({
      ...seen,
      id: `o${i}`,
      ts: at(now - i * hour),
    }));
    await ingest(old, key);
    const first = await list({ limit: '4' }, member);
    travelTo(now + 10 * minute);
    await ingest([{ ...seen, id: 'new' }], key);

    const rest = await list({ limit: '20', cursor: first.body.next_cursor ?? '' }, member);

    expect([...first.body.items, ...rest.body.items]).toEqual(old);
  });

  it('ends well when what was left has passed out of the retention meanwhile', async () => {
    const { member, key } = await fresh();
    const ages = [0, 89 * day, 90 * day - 2 * second, 90 * day - second];
    await ingest(
      ages.map((age, i) => ({ ...seen, id: `r${i}`, ts: at(now - age) })),
      key,
    );
    const first = await list({ limit: '3' }, member);
    expect(first.body.items).toHaveLength(3);
    travelTo(now + minute);

    const rest = await list({ limit: '3', cursor: first.body.next_cursor ?? '' }, member);

    expect(rest).toMatchObject({ status: 200, body: { items: [], next_cursor: null } });
  });

  it('does not show what is older than 90 days, though it is not deleted yet', async () => {
    const { member, key } = await fresh();
    await ingest([{ ...seen, ts: at(now - 90 * day + minute) }], key);
    travelTo(now + 2 * minute);

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

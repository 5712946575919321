import { describe, expect, it } from 'vitest';
import { day, freezeInWindow, minute } from '../../../harness/clock.ts';
import { at, noon, seen, useDetections } from '../../../harness/detections/detections.ts';
import { lastingItems, usedOf, useUp } from '../../../harness/items.ts';
import { limitNamed } from '../../../harness/limits.ts';
import { randomAddress, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const { fresh, ingest, list, readAll } = useDetections(world);

describe('ingest', () => {
  it('stores what a sensor reports, and fills in an id and the time', async () => {
    const { member, key } = await fresh();

    const answer = await ingest([seen, { ...seen, id: 'mine', eni_id: 'eni-0123abcd' }], key);

    expect(answer).toMatchObject({ status: 202, body: { accepted: 2, duplicates: 0 } });
    const { items } = await readAll({}, member);
    expect(items).toHaveLength(2);
    expect(items).toContainEqual({ ...seen, id: 'mine', ts: at(noon), eni_id: 'eni-0123abcd' });
    expect(items).toContainEqual({ ...seen, id: expect.stringMatching(/^det_/), ts: at(noon) });
  });

  it('is idempotent by id: the first report stays, whatever the second says', async () => {
    const { member, key } = await fresh();
    const first = { ...seen, id: 'x', ts: at(noon - day) };
    await ingest([first], key);

    const again = await ingest(
      [first, { ...first, ts: at(noon - 40 * day) }, { ...first, ts: at(noon), probability: 1 }],
      key,
    );

    expect(again.body).toEqual({ accepted: 0, duplicates: 3 });
    expect((await readAll({}, member)).items).toEqual([first]);
  });

  it('counts the same id within one request as a duplicate', async () => {
    const { member, key } = await fresh();
    const first = { ...seen, id: 'x', ts: at(noon) };

    const answer = await ingest(
      [first, { ...first, ts: at(noon - day) }, { ...seen, id: 'y' }],
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
    const [ours, theirs] = [await fresh(), await fresh()];
    await ingest([{ ...seen, id: 'shared', label: 'OURS' }], ours.key);

    const answer = await ingest([{ ...seen, id: 'shared', label: 'THEIRS' }], theirs.key);

    expect(answer.body).toEqual({ accepted: 1, duplicates: 0 });
    expect((await readAll({ label: 'OURS' }, ours.member)).items).toHaveLength(1);
    expect((await readAll({ label: 'THEIRS' }, ours.member)).items).toHaveLength(0);
  });

  it('takes the bounds of every field', async () => {
    const { key } = await fresh();
    const answer = await ingest(
      [
        { ...seen, ts: at(noon + 5 * minute) },
        { ...seen, ts: at(noon - 90 * day) },
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

  it('takes what is closer to 0 than can be stored for 0', async () => {
    const { member, key } = await fresh();

    const answer = await ingest(
      [1e-131, 5e-324, 1e-99].map((probability) => ({ ...seen, probability })),
      key,
    );

    expect(answer.status).toBe(202);
    const { items } = (await list({}, member)).body;
    expect(items.map(({ probability }) => probability).toSorted()).toEqual([0, 0, 1e-99]);
  });

  it('spells an address in one way, whatever way it comes', async () => {
    const { member, key } = await fresh();
    const spellings = ['2001:DB8:0::1', '2001:db8::1', '2001:0db8:0000:0:0:0:0:0001'];
    await ingest(
      [...spellings, '::FFFF:192.0.2.7', '192.0.2.7'].map((source_ip) => ({ ...seen, source_ip })),
      key,
    );

    const found = async (source_ip: string) =>
      (await list({ source_ip }, member)).body.items.map((item) => item.source_ip);
    for (const spelling of spellings)
      expect(await found(spelling)).toEqual(new Array(3).fill('2001:db8::1'));
    expect(await found('::ffff:c000:207')).toEqual(['192.0.2.7', '192.0.2.7']);
  });

  it.each([
    ['a time 5 minutes and a bit ahead', { ts: at(noon + 5 * minute + 1) }, '/detections/0/ts'],
    ['a time more than 90 days ago', { ts: at(noon - 90 * day - 1) }, '/detections/0/ts'],
    ['a time without zone', { ts: '2026-12-15T12:00:00' }, '/detections/0/ts'],
    ['a day that does not exist', { ts: '2026-02-30T12:00:00Z' }, '/detections/0/ts'],
    ['an hour that does not exist', { ts: '2026-12-15T24:30:00Z' }, '/detections/0/ts'],
    ['a zone that does not exist', { ts: '2026-12-15T12:00:00+99:99' }, '/detections/0/ts'],
    ['a zone of 24 hours', { ts: '2026-12-15T12:00:00+24:00' }, '/detections/0/ts'],
    ['a leap second', { ts: '2016-12-31T23:59:60Z' }, '/detections/0/ts'],
    ['a year of six digits', { ts: '+275760-09-13T00:00:00Z' }, '/detections/0/ts'],
    ['a number for the time', { ts: noon }, '/detections/0/ts'],
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
    const { key } = await fresh();
    const before = await lastingItems();

    const answer = await ingest([{ ...seen, ...wrong }, seen], key);

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
      freezeInWindow(limitNamed(limit).windowSeconds);
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
      await useUp(limit, subject, limitNamed(limit).quota - 3);

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

describe('the limits of ingest', () => {
  it('take nothing from the tenant for what one key has too much of (check 50)', async () => {
    const { member, key } = await fresh();
    freezeInWindow(60);
    const [{ id }] = (await world
      .send<{ items: [{ id: string }] }>('GET', '/api/v1/api-keys', {
        token: member.access_token,
      })
      .then(({ body }) => body.items)) as [{ id: string }];
    await useUp('ingest.key', id, limitNamed('ingest.key').quota);

    const answers = await Promise.all(Array.from({ length: 10 }, () => ingest([seen], key)));

    expect(answers.map(({ status }) => status)).toEqual(new Array(10).fill(429));
    expect(await usedOf('ingest.tenant', member.tenantId)).toBe(0);
  });
});

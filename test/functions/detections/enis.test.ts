import { describe, expect, it } from 'vitest';
import { asSystem } from '../../../harness/audit/actor.ts';
import { day, minute, travelTo } from '../../../harness/clock.ts';
import { noon, seen, useDetections } from '../../../harness/detections/detections.ts';
import { allItems, lastingItems } from '../../../harness/items.ts';
import { type Member, newEni, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const { fresh, ingest, list, readAll } = useDetections(world);

const claim = (eni_ids: unknown, member: Member, path = '/api/v1/enis') =>
  world.send<{ inserted: number; skipped: number; errors?: { pointer: string }[] }>('POST', path, {
    token: member.access_token,
    body: { eni_ids },
  });
const enisOf = async (member: Member, path = '/api/v1/enis') =>
  (
    await world.send<{ eni_ids: string[]; vni: number | null }>('GET', path, {
      token: member.access_token,
    })
  ).body;
const remove = (eniId: string, member: Member, path = '/api/v1/enis') =>
  world.send('DELETE', `${path}/${eniId}`, { token: member.access_token });

describe('claiming network interfaces', () => {
  it('counts new and known ones, and lists them by id', async () => {
    const { member } = await fresh();
    const [first, second, third] = [newEni(), newEni(), newEni()];
    expect(await enisOf(member)).toEqual({ eni_ids: [], vni: null });

    expect((await claim([first, second, first], member)).body).toEqual({ inserted: 2, skipped: 1 });
    expect((await claim([third, first], member)).body).toEqual({ inserted: 1, skipped: 1 });
    expect((await claim([third], member)).body).toEqual({ inserted: 0, skipped: 1 });

    expect((await enisOf(member)).eni_ids).toEqual([first, second, third].toSorted());
  });

  it('works at the older addresses', async () => {
    const { member } = await fresh();
    const eni = newEni();

    expect((await claim([eni], member, '/enis/register')).body).toEqual({
      inserted: 1,
      skipped: 0,
    });
    expect((await enisOf(member, '/enis')).eni_ids).toEqual([eni]);
    expect((await remove(eni, member, '/enis')).body).toEqual({ deleted: eni });
  });

  it('of one interface by many tenants at once succeeds for one', async () => {
    const tenants = await Promise.all(Array.from({ length: 8 }, () => fresh()));
    const eni = newEni();

    const answers = await Promise.all(tenants.map(({ member }) => claim([eni], member)));

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status } of answers) expect([200, 409, 503]).toContain(status);
    const lists = await Promise.all(tenants.map(({ member }) => enisOf(member)));
    expect(lists.flatMap(({ eni_ids }) => eni_ids)).toEqual([eni]);
  });

  it('is all or none, and names what another tenant has', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    const taken = newEni();
    await claim([taken], theirs.member);
    const before = await lastingItems();

    const answer = await claim([newEni(), taken], ours.member);

    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'eni_claimed', errors: [{ in: 'body', pointer: '/eni_ids/1' }] },
    });
    expect(await lastingItems()).toEqual(before);
  });

  it('stops at 1000, and goes on when one is given up', async () => {
    const { member } = await fresh();
    const enis = Array.from({ length: 1001 }, newEni);
    for (let start = 0; start < 1000; start += 40)
      expect((await claim(enis.slice(start, Math.min(1000, start + 40)), member)).status).toBe(200);

    expect(await claim(enis.slice(1000), member)).toMatchObject({
      status: 409,
      body: { code: 'too_many_enis' },
    });
    await remove(enis[0] ?? '', member);
    expect((await claim(enis.slice(1000), member)).status).toBe(200);
    expect((await enisOf(member)).eni_ids).toHaveLength(1000);
  });

  it.each([
    [[], '/eni_ids'],
    [Array.from({ length: 41 }, newEni), '/eni_ids'],
    [['vpc-0123abcd'], '/eni_ids/0'],
    [['eni-0123ABCD'], '/eni_ids/0'],
    [['eni-0123abcd#x'], '/eni_ids/0'],
    ['eni-0123abcd', '/eni_ids'],
  ])('refuses %j', async (eniIds, pointer) => {
    const { member } = await fresh();

    expect(await claim(eniIds, member)).toMatchObject({
      status: 422,
      body: { code: 'validation_failed', errors: [{ pointer }] },
    });
  });
});

describe('an interface that a tenant reports', () => {
  it('is claimed by nobody else, so that its reports go on', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    const eni = newEni();
    expect(await ingest([{ ...seen, eni_id: eni }], ours.key)).toMatchObject({ status: 202 });

    expect(await claim([newEni(), eni], theirs.member)).toMatchObject({
      status: 409,
      body: {
        code: 'eni_claimed',
        errors: [{ pointer: '/eni_ids/1', detail: 'is reported by another tenant' }],
      },
    });

    travelTo(noon + minute);
    expect(await ingest([{ ...seen, eni_id: eni }], ours.key)).toMatchObject({ status: 202 });
    expect((await claim([eni], ours.member)).body).toEqual({ inserted: 1, skipped: 0 });
  });

  it('is free again 30 days after the last report', async () => {
    const ours = await fresh();
    const eni = newEni();
    await ingest([{ ...seen, eni_id: eni }], ours.key);
    travelTo(noon + 20 * day);
    await ingest([{ ...seen, eni_id: eni }], ours.key);
    const claimAt = async (ms: number) => {
      travelTo(ms);
      return (await claim([eni], (await fresh()).member)).status;
    };

    expect(await claimAt(noon + 49 * day)).toBe(409);
    expect(await claimAt(noon + 51 * day)).toBe(200);
  });

  it('stays with who reported it first', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    const eni = newEni();
    await ingest([{ ...seen, eni_id: eni }], ours.key);
    await ingest([{ ...seen, eni_id: eni }], theirs.key);

    expect((await claim([eni], theirs.member)).status).toBe(409);
    expect((await claim([eni], ours.member)).status).toBe(200);
  });

  it('is not noted by a report that is refused', async () => {
    const { key } = await fresh();
    const before = await lastingItems();

    expect((await ingest([{ ...seen, eni_id: newEni(), probability: 2 }], key)).status).toBe(422);
    expect(
      (await ingest([{ ...seen, eni_id: newEni(), ts: '2000-01-01T00:00:00Z' }], key)).status,
    ).toBe(422);

    expect(await lastingItems()).toEqual(before);
  });
});

describe('giving up a network interface', () => {
  it('frees it for others, once', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    const eni = newEni();
    await claim([eni], ours.member);

    expect(await remove(eni, ours.member)).toMatchObject({ status: 200, body: { deleted: eni } });
    expect(await remove(eni, ours.member)).toMatchObject({ status: 404 });
    expect((await claim([eni], theirs.member)).body).toEqual({ inserted: 1, skipped: 0 });
    expect(await remove(eni, ours.member)).toMatchObject({ status: 404 });
    expect((await enisOf(theirs.member)).eni_ids).toEqual([eni]);
  });

  it.each(['eni-00000000', 'x', 'eni-0123abcd%23', 'TENANT#x', ' ', '__proto__'])(
    'of %j is a 404 and changes nothing',
    async (id) => {
      const { member } = await fresh();
      const before = await lastingItems();

      expect(await remove(id, member)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect(await lastingItems()).toEqual(before);
    },
  );
});

describe('the VNI of a tenant', () => {
  it('is drawn once, at the first claim, however many claim at once, and stays', async () => {
    const { member, key } = await fresh();
    await ingest([seen], key);
    expect((await list({}, member)).body.items[0]).not.toHaveProperty('vni');

    await Promise.all(Array.from({ length: 5 }, () => claim([newEni()], member)));
    const { vni, eni_ids } = await enisOf(member);
    for (const eniId of eni_ids) await remove(eniId, member);
    await claim([newEni()], member);

    expect(vni).toBeGreaterThanOrEqual(1000);
    expect(vni).toBeLessThanOrEqual(999_999);
    expect((await enisOf(member)).vni).toBe(vni);
    expect((await list({}, member)).body.items[0]?.vni).toBe(vni);
    const claims = (await allItems()).filter(({ tenant_id: tenantId, sk }) => {
      return sk === 'VNI' && tenantId === member.tenantId;
    });
    expect(claims.map(({ pk }) => pk)).toEqual([`VNI#${vni}`]);
  });

  it('is drawn again when another tenant has it, and given up after a few tries', async () => {
    const { claimEnis } = await import('../../../shared/detections/enis.ts');
    const [ours, theirs, third] = [await fresh(), await fresh(), await fresh()];
    await claim([newEni()], theirs.member);
    const { vni } = await enisOf(theirs.member);
    const draws = [vni ?? 0, vni ?? 0, 777_777];

    const draw = (tenantId: string, next: () => number) =>
      asSystem(() => claimEnis(tenantId, [newEni()], next));
    await draw(ours.member.tenantId, () => draws.shift() ?? 0);
    const stuck = draw(third.member.tenantId, () => vni ?? 0);

    await expect(stuck).rejects.toMatchObject({ code: 'version_conflict' });
    expect((await enisOf(ours.member)).vni).toBe(777_777);
    expect(await enisOf(third.member)).toEqual({ eni_ids: [], vni: null });
  });
});

describe('a detection of a network interface', () => {
  it('is accepted when the tenant or nobody has claimed it', async () => {
    const { member, key } = await fresh();
    const own = newEni();
    await claim([own], member);

    const answer = await ingest(
      [
        { ...seen, eni_id: own },
        { ...seen, eni_id: newEni() },
      ],
      key,
    );

    expect(answer).toMatchObject({ status: 202, body: { accepted: 2, duplicates: 0 } });
  });

  it('of another tenant is refused, and the others of its report are stored', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    const [own, eni] = [newEni(), newEni()];
    await claim([own], ours.member);
    await claim([eni], theirs.member);
    const report = [
      { ...seen, id: 'own', eni_id: own },
      { ...seen, id: 'foreign', eni_id: eni },
      { ...seen, id: 'none' },
      { ...seen, eni_id: eni },
      { ...seen, id: 'none' },
    ];
    const refused = [
      { index: 1, id: 'foreign', code: 'eni_claimed' },
      { index: 3, code: 'eni_claimed' },
    ];

    expect(await ingest(report, ours.key)).toMatchObject({
      status: 202,
      body: { accepted: 2, duplicates: 1, refused },
    });
    expect((await ingest(report, ours.key)).body).toEqual({ accepted: 0, duplicates: 3, refused });

    const { items } = await readAll({}, ours.member);
    expect(items.map(({ id }) => id).toSorted()).toEqual(['none', 'own']);
    expect((await readAll({}, theirs.member)).items).toEqual([]);
  });

  it('is told of to webhooks without those that were refused, and counted without them', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    const eni = newEni();
    await claim([eni], theirs.member);
    await world.send('POST', '/api/v1/webhooks', {
      token: ours.member.access_token,
      body: { url: 'https://1.1.1.1/hook', events: ['detection.created'] },
    });
    // Containers have learned of it by then.
    travelTo(noon + minute);

    await ingest(
      [
        { ...seen, id: 'foreign', eni_id: eni },
        { ...seen, id: 'told' },
      ],
      ours.key,
    );

    const deliveries = (await allItems()).filter(({ pk }) =>
      String(pk).startsWith(`TENANT#${ours.member.tenantId}#DELIVERY#`),
    );
    expect(deliveries.map(({ body }) => JSON.parse(String(body)).data)).toEqual([
      { count: 1, detection_ids: ['told'] },
    ]);
    const statistics = await world.send('GET', '/api/v1/detections/stats', {
      token: ours.member.access_token,
    });
    expect(statistics.body).toMatchObject({ total: 1 });
  });

  it('of another tenant refuses a report that has nothing else, and nothing is stored', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    const eni = newEni();
    await claim([eni], theirs.member);
    const before = await lastingItems();

    const answer = await ingest(
      [
        { ...seen, eni_id: eni },
        { ...seen, eni_id: eni },
      ],
      ours.key,
    );

    expect(answer).toMatchObject({
      status: 422,
      body: {
        code: 'validation_failed',
        errors: [0, 1].map((index) => ({
          in: 'body',
          pointer: `/detections/${index}/eni_id`,
          detail: 'is claimed by another tenant',
        })),
      },
    });
    expect(await lastingItems()).toEqual(before);
  });

  it('follows a claim that changes hands within a minute', async () => {
    const [ours, theirs] = [await fresh(), await fresh()];
    const eni = newEni();
    await claim([eni], theirs.member);
    const report = () => ingest([{ ...seen, eni_id: eni }], ours.key);
    expect((await report()).status).toBe(422);

    await remove(eni, theirs.member);
    travelTo(noon + minute);
    expect((await report()).status).toBe(202);
    expect((await claim([eni], theirs.member)).status).toBe(409);
    travelTo(noon + 2 * minute);
    expect((await report()).status).toBe(202);
  });
});

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hour, minute, second, travel, travelTo } from '../../../harness/clock.ts';
import { Agreement, deliverEvents } from '../../../harness/marketplace/agreements.ts';
import { iso, modules, morning, newKey, useMetering } from '../../../harness/metering/metering.ts';

const it_ = useMetering();
const { world, buyer, report, meter } = it_;

describe('a report of usage', () => {
  it('is counted once, and billed with its hour', async () => {
    const one = await buyer();
    const body = { quantity: 7, idempotency_key: 'a' };

    expect(await report(one, body)).toMatchObject({
      status: 202,
      body: { accepted: true, duplicate: false },
    });
    expect(await report(one, body)).toMatchObject({ status: 202, body: { duplicate: true } });
    expect(await report(one, { quantity: 5 })).toMatchObject({ status: 202 });
    travel(hour);
    await meter();

    expect(it_.aws.sumOf(one.agreement.licenseId, 'api_calls')).toBe(12);
  });

  it('is refused when its key came with another', async () => {
    const one = await buyer();
    await report(one, { quantity: 7, idempotency_key: 'a' });
    for (const other of [
      { quantity: 8 },
      { quantity: 7, dimension: 'detections_ingested' },
      { quantity: 7, timestamp: iso(morning) },
      { quantity: 7, allocations: [{ quantity: 7, tags: { user: 'ann' } }] },
    ])
      expect(await report(one, { idempotency_key: 'a', ...other })).toMatchObject({
        status: 409,
        body: { code: 'idempotency_key_reused' },
      });
  });

  it('has the same key in two tenants', async () => {
    const [one, other] = [await buyer(), await buyer()];
    await report(one, { idempotency_key: 'a' });
    expect(await report(other, { quantity: 2, idempotency_key: 'a' })).toMatchObject({
      status: 202,
      body: { duplicate: false },
    });
  });

  it('needs a scope that no key has by itself', async () => {
    const one = await buyer();
    const { body } = await world.send<{ key: string; scopes: string[] }>(
      'POST',
      '/api/v1/api-keys',
      { token: one.token, body: { name: 'plain' } },
    );
    expect(body.scopes).not.toContain('usage:write');
    expect(await report({ apiKey: body.key }, {})).toMatchObject({ status: 403 });
  });

  it.each([
    ['negative', { quantity: -1 }],
    ['huge', { quantity: 2_147_483_648 }],
    ['fractional', { quantity: 1.5 }],
    ['a text', { quantity: '1' }],
  ])('is refused with a %s quantity', async (_, body) => {
    expect(await report(await buyer(), body)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/quantity' }] },
    });
  });

  it('is refused when its hour would have more than a record of AWS takes', async () => {
    const one = await buyer();
    expect(await report(one, { quantity: 2_147_483_000 })).toMatchObject({ status: 202 });
    expect(await report(one, { quantity: 1000 })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/quantity' }] },
    });
    expect(await report(one, { quantity: 647 })).toMatchObject({ status: 202 });
  });

  it('names a dimension that is metered, and a license that meters it', async () => {
    const [one, other] = [await buyer(), await buyer('tenantry-demo-consumption')];
    expect(await report(one, { dimension: 'pro' })).toMatchObject({
      status: 422,
      body: { code: 'unknown_dimension' },
    });
    expect(await report(one, { dimension: 'extra_calls' })).toMatchObject({
      status: 409,
      body: { code: 'no_metered_license' },
    });
    expect(await report(other, { dimension: 'extra_calls' })).toMatchObject({ status: 202 });
  });

  it('answers the same for the license of another tenant and for one that does not exist', async () => {
    const [one, other] = [await buyer(), await buyer()];
    const answers = await Promise.all(
      [other.agreement.licenseArn, `${other.agreement.licenseArn}0`].map((license_arn) =>
        report(one, { license_arn }),
      ),
    );
    const [first, second] = answers.map(({ status, body }) => ({
      status,
      ...body,
      request_id: undefined,
    }));
    expect(first).toMatchObject({ status: 409, code: 'no_metered_license' });
    expect(second).toEqual(first);
    expect(await report(one, { license_arn: one.agreement.licenseArn })).toMatchObject({
      status: 202,
    });
  });

  it('is of the oldest active license, or of the one it names', async () => {
    const one = await buyer();
    travel(minute);
    const second = new Agreement(world);
    await deliverEvents(second.licenseUpdated(iso(Date.now())));
    const { registration_ticket } = await second.register();
    await world.send('POST', '/marketplace/link', {
      token: one.token,
      body: { registration_ticket },
    });
    await report(one, { quantity: 3 });
    await report(one, { quantity: 4, license_arn: second.licenseArn });
    travel(hour);
    await meter();

    expect(it_.aws.sumOf(one.agreement.licenseId, 'api_calls')).toBe(3);
    expect(it_.aws.sumOf(second.licenseId, 'api_calls')).toBe(4);
  });

  it.each([
    ['in the future', morning + 6 * minute],
    ['before the license', morning - minute],
  ])('is refused with a time %s', async (_, ms) => {
    expect(await report(await buyer(), { timestamp: iso(ms) })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/timestamp' }] },
    });
  });

  it('is refused once AWS takes none of its time: a day later, and after the month by 06:00', async () => {
    const one = await buyer();
    travel(23 * hour);
    expect(await report(one, { timestamp: iso(morning + minute) })).toMatchObject({ status: 202 });
    travel(hour);
    expect(await report(one, { timestamp: iso(morning + minute) })).toMatchObject({ status: 422 });

    const newYear = Date.UTC(2027, 0, 1);
    travelTo(newYear + 6 * hour - second);
    const timestamp = iso(newYear - minute);
    expect(await report(one, { timestamp })).toMatchObject({ status: 202 });
    travel(second);
    expect(await report(one, { timestamp })).toMatchObject({ status: 422 });
  });

  it('splits its quantity by tags, and the rest of the hour has none', async () => {
    const one = await buyer();
    const allocations = [
      { quantity: 4, tags: { user: 'ann', team: 'a' } },
      { quantity: 1, tags: { team: 'a', user: 'ann' } },
      { quantity: 2 },
    ];
    expect(await report(one, { quantity: 7, allocations })).toMatchObject({ status: 202 });
    expect(await report(one, { quantity: 3 })).toMatchObject({ status: 202 });
    expect(await report(one, { quantity: 6, allocations })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/allocations' }] },
    });
    travel(hour);
    await meter();

    const billed = [...it_.aws.billed.values()].find(({ quantity }) => quantity === 10);
    expect(billed?.allocations).toEqual([
      {
        AllocatedUsageQuantity: 5,
        Tags: [
          { Key: 'team', Value: 'a' },
          { Key: 'user', Value: 'ann' },
        ],
      },
      { AllocatedUsageQuantity: 5 },
    ]);
  });

  it('takes tags that are called as members of every object are', async () => {
    const one = await buyer();
    const tags = { constructor: 'a', toString: 'b' };
    const allocations = [{ quantity: 7, tags }];
    expect(await report(one, { quantity: 7, allocations })).toMatchObject({ status: 202 });
    travel(hour);
    await meter();

    const billed = [...it_.aws.billed.values()].find(({ quantity }) => quantity === 7);
    expect(billed?.allocations).toEqual([
      {
        AllocatedUsageQuantity: 7,
        Tags: [
          { Key: 'constructor', Value: 'a' },
          { Key: 'toString', Value: 'b' },
        ],
      },
    ]);
  });

  it.each([
    ['six tags', { a: '1', b: '1', c: '1', d: '1', e: '1', f: '1' }],
    ['a character that AWS does not take', { user: 'ann#1' }],
    ['a long key', { ['k'.repeat(101)]: '1' }],
    ['a long value', { k: 'v'.repeat(257) }],
  ])('is refused with %s', async (_, tags) => {
    const allocations = [{ quantity: 1, tags }];
    expect(await report(await buyer(), { allocations })).toMatchObject({ status: 422 });
  });

  it('that comes late for an hour is billed with the current one', async () => {
    const one = await buyer();
    travel(hour);
    await meter();
    expect(await report(one, { quantity: 9, timestamp: iso(morning) })).toMatchObject({
      status: 202,
    });
    travel(hour);
    await meter();

    expect(it_.aws.sumOf(one.agreement.licenseId, 'api_calls')).toBe(9);
    expect(it_.aws.statuses).not.toContain('DuplicateRecord');
  });

  it('is not lost when the clock of its function was set back', async () => {
    const one = await buyer();
    travel(3 * hour);
    await meter();
    travelTo(morning + minute);
    expect(await report(one, { quantity: 4 })).toMatchObject({ status: 202 });
    travelTo(morning + 5 * hour);
    await meter();

    expect(it_.aws.sumOf(one.agreement.licenseId, 'api_calls')).toBe(4);
    expect(it_.aws.statuses).not.toContain('DuplicateRecord');
  });

  it('is not taken for a tenant without a license, nor before there is one', async () => {
    const member = await world.signUp();
    const apiKey = await newKey(world, member.access_token, ['usage:write']);
    expect(await report({ apiKey }, {})).toMatchObject({
      status: 409,
      body: { code: 'no_metered_license' },
    });
  });

  it('is a duplicate also when it comes again after its time', async () => {
    const one = await buyer();
    const body = { quantity: 3, timestamp: iso(Date.now()), idempotency_key: 'again' };
    await report(one, body);
    travel(25 * hour);

    expect(await report(one, body)).toMatchObject({ status: 202, body: { duplicate: true } });
  });

  it('is counted towards the month, beside dimensions with nothing', async () => {
    const one = await buyer();
    const { usageOfMonth } = await modules();
    const { readLicenses } = await import('../../../shared/marketplace/access.ts');
    await report(one, { quantity: 3 });
    travel(hour);
    await meter();
    await report(one, { quantity: 2, idempotency_key: randomUUID() });

    expect(await usageOfMonth(one.tenantId, await readLicenses(one.tenantId), Date.now())).toEqual(
      [
        { dimension: 'api_calls', quantity: 5 },
        { dimension: 'detections_ingested', quantity: 0 },
      ].map((used) => ({
        ...used,
        period_start: '2026-12-01T00:00:00.000Z',
        period_end: '2027-01-01T00:00:00.000Z',
      })),
    );
  });
});

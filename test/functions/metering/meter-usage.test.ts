import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hour, minute, second, travel, travelTo } from '../../../harness/clock.ts';
import { metricsOf } from '../../../harness/emf.ts';
import { allItems } from '../../../harness/items.ts';
import { Agreement, deliverEvents } from '../../../harness/marketplace/agreements.ts';
import { iso, modules, morning, newKey, useMetering } from '../../../harness/metering/metering.ts';
import { outputOf } from '../../../harness/output.ts';
import { randomAddress } from '../../../harness/world.ts';

const metering = useMetering();
const { world, buyer, report, meter, meterFinally } = metering;

const hoursOf = (license: string, dimension: string) =>
  [...metering.aws.billed.values()]
    .filter((one) => one.license === license && one.dimension === dimension)
    .map(({ hour: at, quantity }) => `${at} ${quantity}`);
const statusOf = async (licenseId: string, at: string, dimension = 'api_calls') =>
  (await allItems()).find(
    ({ pk, sk }) => String(pk).endsWith(`#USAGE#${licenseId}`) && sk === `HOUR#${at}#${dimension}`,
  )?.status;
const failures = async (licenseId: string) => {
  const { failedUsage } = await modules();
  const found = [];
  for await (const one of failedUsage()) if (one.license_id === licenseId) found.push(one);
  return found;
};
describe('the hourly run', () => {
  it('reports every hour of every metered dimension, with 0 where nothing was used', async () => {
    const { agreement } = await buyer();
    travel(2 * hour);
    await meter();
    await meter();

    const { licenseId } = agreement;
    expect(hoursOf(licenseId, 'api_calls')).toEqual(['2026-12-15T06 0', '2026-12-15T07 0']);
    expect(hoursOf(licenseId, 'detections_ingested')).toHaveLength(2);
    const sent = metering.aws.calls.flatMap(({ records }) =>
      records.filter(({ LicenseArn }) => LicenseArn === agreement.licenseArn),
    );
    expect(sent).toHaveLength(4);
    expect(metering.aws.calls.every(({ productCode }) => productCode === undefined)).toBe(true);
    expect(await statusOf(licenseId, '2026-12-15T06')).toBe('Success');
  });

  it('reports nothing of licenses that are not active yet, nor of products that are not metered', async () => {
    const pending = new Agreement(world);
    await deliverEvents(pending.created(iso(morning)));
    await pending.register();
    const { agreement } = await buyer('tenantry-demo-contract');
    travel(2 * hour);
    await meter();

    for (const { licenseId } of [pending, agreement])
      expect([...metering.aws.billed.values()].filter((one) => one.license === licenseId)).toEqual(
        [],
      );
  });

  it('names product and customer for listings of the older contract', async () => {
    const customer = `X${randomUUID().slice(0, 8)}`;
    const token = randomUUID();
    const code = 'tenantry-demo-legacy';
    world.purchases.set(token, {
      CustomerAWSAccountId: '111122223333',
      CustomerIdentifier: customer,
      ProductCode: code,
    });
    await deliverEvents({
      Type: 'Notification',
      MessageId: randomUUID(),
      TopicArn: 'arn:aws:sns:us-east-1:287250355862:topic',
      Message: JSON.stringify({
        action: 'subscribe-success',
        'customer-identifier': customer,
        'product-code': code,
      }),
      Timestamp: iso(morning),
    });
    await world.send('POST', '/marketplace/register', {
      body: { 'x-amzn-marketplace-token': token },
      address: randomAddress(),
    });
    travel(hour);
    await meter();

    expect(hoursOf(customer, 'api_calls')).toEqual(['2026-12-15T06 0']);
    const call = metering.aws.calls.find(({ records }) =>
      records.some(({ CustomerIdentifier }) => CustomerIdentifier === customer),
    );
    expect(call?.productCode).toBe(code);
    expect(call?.records.every(({ LicenseArn }) => LicenseArn === undefined)).toBe(true);
  });

  it('makes up for the hours that it missed, and gives up those that AWS takes no more', async () => {
    const { agreement, ...one } = await buyer();
    await report(one, { quantity: 1 });
    travel(3 * hour);
    await report(one, { quantity: 2 });
    travelTo(morning + 26 * hour);
    const output = await outputOf(meter);

    const { licenseId } = agreement;
    expect(await statusOf(licenseId, '2026-12-15T06')).toBe('EXPIRED');
    expect(await statusOf(licenseId, '2026-12-15T07')).toBe('SKIPPED');
    expect(await statusOf(licenseId, '2026-12-15T09')).toBe('Success');
    expect(metering.aws.sumOf(licenseId, 'api_calls')).toBe(2);
    expect(await failures(licenseId)).toMatchObject([
      { hour: '2026-12-15T06', dimension: 'api_calls', status: 'EXPIRED', quantity: 1 },
    ]);
    expect(metricsOf(output).filter(({ name }) => name === 'UsageFailed')).toHaveLength(1);
  });

  it('sends again what AWS left unprocessed, and what it throttled', async () => {
    const { agreement, ...one } = await buyer();
    await report(one, { quantity: 5 });
    travel(hour);
    let [count, throttles] = [0, 3];
    metering.aws.isUnprocessed = () => count++ % 2 === 0;
    metering.aws.trouble = () => (throttles-- > 0 ? { error: 'ThrottlingException' } : undefined);
    await meter();

    expect(await statusOf(agreement.licenseId, '2026-12-15T06')).toBe('Success');
    expect(metering.aws.sumOf(agreement.licenseId, 'api_calls')).toBe(5);
  });

  it('leaves what AWS does not take to the next run', async () => {
    const { agreement, ...one } = await buyer();
    await report(one, { quantity: 5 });
    travel(hour);
    metering.aws.trouble = () => ({ error: 'InternalServiceErrorException', status: 500 });
    await meter();
    expect(await statusOf(agreement.licenseId, '2026-12-15T06')).toBeUndefined();
    metering.aws.trouble = () => undefined;
    await meter();

    expect(metering.aws.sumOf(agreement.licenseId, 'api_calls')).toBe(5);
  });

  it('keeps one bad record from sinking the others, and lists it until AWS takes it', async () => {
    const [bad, good] = [await buyer(), await buyer()];
    await report(bad, { quantity: 2 });
    await report(good, { quantity: 3 });
    travel(hour);
    metering.aws.trouble = (records) =>
      records.some(
        ({ LicenseArn, Quantity }) => LicenseArn === bad.agreement.licenseArn && Quantity === 2,
      )
        ? { error: 'TimestampOutOfBoundsException' }
        : undefined;
    await meter();

    expect(metering.aws.sumOf(good.agreement.licenseId, 'api_calls')).toBe(3);
    expect(await failures(bad.agreement.licenseId)).toMatchObject([
      { status: 'REFUSED', reason: 'TimestampOutOfBoundsException', quantity: 2 },
    ]);
    metering.aws.trouble = () => undefined;
    travel(hour);
    await meter();
    expect(metering.aws.sumOf(bad.agreement.licenseId, 'api_calls')).toBe(2);
    expect(await failures(bad.agreement.licenseId)).toEqual([]);
  });

  it('takes a 200 without success for a failure, and lists it', async () => {
    const [unsubscribed, twice] = [await buyer(), await buyer()];
    await report(twice, { quantity: 2 });
    metering.aws.unsubscribed.add(unsubscribed.agreement.licenseId);
    metering.aws.billed.set(`${twice.agreement.licenseId} api_calls 2026-12-15T06`, {
      license: twice.agreement.licenseId,
      dimension: 'api_calls',
      hour: '2026-12-15T06',
      quantity: 1,
      allocations: undefined,
    });
    travel(hour);
    const output = await outputOf(meter);

    expect(await failures(unsubscribed.agreement.licenseId)).toMatchObject([
      { status: 'CustomerNotSubscribed' },
      { status: 'CustomerNotSubscribed' },
    ]);
    expect(await failures(twice.agreement.licenseId)).toMatchObject([
      { status: 'DuplicateRecord', quantity: 2 },
    ]);
    expect(metricsOf(output).filter(({ name }) => name === 'UsageFailed')).toHaveLength(3);
  });

  it('meters the other products when AWS refuses one altogether, and fails then', async () => {
    const [one, other] = [await buyer(), await buyer('tenantry-demo-consumption')];
    travel(hour);
    metering.aws.trouble = (records) =>
      records.some(({ Dimension }) => Dimension === 'api_calls')
        ? { error: 'AccessDeniedException' }
        : undefined;
    await expect(meter()).rejects.toThrow('AccessDeniedException');

    expect(hoursOf(other.agreement.licenseId, 'extra_calls')).toHaveLength(1);
    expect(await statusOf(one.agreement.licenseId, '2026-12-15T06')).toBeUndefined();
  });

  it('sends 25 records at a time, over licenses', async () => {
    for (let index = 0; index < 14; index += 1) await buyer();
    travel(hour);
    const { records } = await meter();

    const { calls } = metering.aws;
    expect(records).toBeGreaterThanOrEqual(28);
    const ofProduct = calls.filter(({ records: [first] }) => first?.Dimension !== 'extra_calls');
    expect(ofProduct.filter(({ records: sent }) => sent.length < 25).length).toBeLessThanOrEqual(2);
  });

  it('goes on where the one before had no more time', async () => {
    const buyers = [];
    for (let index = 0; index < 12; index += 1) buyers.push(await buyer());
    travel(hour);
    const { meterHours } = await modules();
    let isComplete = false;
    let runs = 0;
    for (; !isComplete && runs < 100; runs += 1) {
      let left = 4;
      const run = { hasTime: () => left-- > 0, wait: async () => undefined, pageSize: 2 };
      ({ isComplete } = await meterHours(run));
      for (const { agreement } of buyers)
        if (hoursOf(agreement.licenseId, 'api_calls').length === 0) isComplete = false;
    }
    expect(runs).toBeGreaterThan(1);
    for (const { agreement } of buyers)
      expect(hoursOf(agreement.licenseId, 'api_calls')).toHaveLength(1);
  });
});

describe('a license that is over', () => {
  it('has its last usage reported at once, the open hour included', async () => {
    const { agreement, ...one } = await buyer();
    travel(hour);
    await report(one, { quantity: 3 });
    travel(10 * minute);
    world.queued.length = 0;
    await deliverEvents(agreement.ended('CANCELLED', iso(Date.now())));

    const messages = world.queued.filter(({ queueUrl }) => queueUrl.includes('final-usage'));
    expect(messages.map(({ body }) => JSON.parse(body).license_id)).toEqual([agreement.licenseId]);
    await meterFinally(agreement.licenseId);
    expect(hoursOf(agreement.licenseId, 'api_calls')).toEqual([
      '2026-12-15T06 0',
      '2026-12-15T07 3',
    ]);
    travel(2 * hour);
    await meter();
    expect(hoursOf(agreement.licenseId, 'api_calls')).toHaveLength(2);
  });

  it('takes usage that comes late until an hour after it was deprovisioned', async () => {
    const { agreement, ...one } = await buyer();
    await deliverEvents(
      agreement.ended('CANCELLED', iso(morning)),
      agreement.licenseDeprovisioned(iso(morning + 31 * second)),
    );
    await meterFinally(agreement.licenseId);
    travel(20 * minute);
    const late = { quantity: 4, timestamp: iso(morning), idempotency_key: 'late' };
    expect(await report(one, late)).toMatchObject({ status: 202 });
    expect(await meterFinally(agreement.licenseId)).toBeGreaterThan(Date.now());
    expect(metering.aws.sumOf(agreement.licenseId, 'api_calls')).toBe(0);
    travel(30 * minute);
    await meterFinally(agreement.licenseId);
    expect(metering.aws.sumOf(agreement.licenseId, 'api_calls')).toBe(4);

    travel(11 * minute);
    expect(await report(one, { quantity: 1 })).toMatchObject({
      status: 409,
      body: { code: 'no_metered_license' },
    });
    expect(await report(one, late)).toMatchObject({ status: 202, body: { duplicate: true } });
    expect(await meterFinally(agreement.licenseId)).toBeUndefined();
  });

  it('does not stop the one that renews it', async () => {
    const { agreement, ...one } = await buyer();
    const next = new Agreement(world, { intent: 'RENEW', previousAgreementId: agreement.id });
    travel(hour);
    const at = iso(Date.now());
    await deliverEvents(agreement.ended('RENEWED', at));
    await deliverEvents(next.created(at), next.licenseUpdated(at));
    travel(minute);
    await report(one, { quantity: 6 });
    travel(hour);
    await meter();

    expect(metering.aws.sumOf(next.licenseId, 'api_calls')).toBe(6);
    expect(hoursOf(agreement.licenseId, 'api_calls')).toHaveLength(2);
  });
});

describe('the reconciliation', () => {
  it('finds nothing where everything was accepted, and names what was not', async () => {
    const { agreement, tenantId, ...one } = await buyer();
    const { reportUsage, reconcile, reconcileMonths } = await modules();
    await report(one, { quantity: 5 });
    expect(await reportUsage(tenantId, '2026-12')).toMatchObject([
      { dimension: 'api_calls', recorded: 5, accepted: 0, pending: 5, difference: 0 },
      { dimension: 'detections_ingested', recorded: 0, difference: 0 },
    ]);
    travel(hour);
    await meter();
    expect(await reportUsage(tenantId, '2026-12')).toMatchObject([
      { recorded: 5, accepted: 5, pending: 0, difference: 0, failed: [] },
      { recorded: 0, difference: 0 },
    ]);

    await report(one, { quantity: 2 });
    metering.aws.billed.set(`${agreement.licenseId} api_calls 2026-12-15T07`, {
      license: agreement.licenseId,
      dimension: 'api_calls',
      hour: '2026-12-15T07',
      quantity: 1,
      allocations: undefined,
    });
    travel(hour);
    await meter();
    const found = [];
    for await (const each of reconcile('all', '2026-12'))
      if (each.tenant_id === tenantId) found.push(each);
    expect(found).toMatchObject([
      {
        license_id: agreement.licenseId,
        dimension: 'api_calls',
        recorded: 7,
        accepted: 5,
        difference: 2,
        failed: [{ hour: '2026-12-15T07', status: 'DuplicateRecord', quantity: 2 }],
      },
    ]);
    const output = await outputOf(async () => expect(await reconcileMonths()).toBeGreaterThan(0));
    expect(metricsOf(output).map(({ name }) => name)).toContain('UsageDifferences');
  });
});

describe('a license that is linked to another tenant', () => {
  it('is metered once for each hour, whoever had it', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.licenseUpdated(iso(morning)));
    travel(38 * minute);
    const member = await world.signUp();
    const { registration_ticket } = await agreement.register();
    travel(4 * minute);
    await meter();
    const token = member.access_token;
    await world.send('POST', '/marketplace/link', { token, body: { registration_ticket } });
    const apiKey = await newKey(world, token, ['usage:write']);
    const late = { quantity: 8, timestamp: iso(morning + minute) };
    expect(await report({ apiKey }, late)).toMatchObject({ status: 202 });
    travel(hour);
    await meter();

    expect(hoursOf(agreement.licenseId, 'api_calls')).toEqual([
      '2026-12-15T06 0',
      '2026-12-15T07 8',
    ]);
    expect(metering.aws.statuses).not.toContain('DuplicateRecord');
  });
});

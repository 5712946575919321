import { ResolveCustomerCommand } from '@aws-sdk/client-marketplace-metering';
import { describe, expect, it } from 'vitest';
import type { Notice } from '../../../../local/aws/marketplace/state.ts';
import { useSeller } from './seller.ts';

const seller = useSeller();
const day = 24 * 3600;
const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
const eventOf = (notice: Notice | undefined) =>
  notice?.channel === 'event-bridge' ? notice.event : undefined;
const messageOf = (notice: Notice | undefined) =>
  notice?.channel === 'sns' ? notice.message : undefined;
const timeOf = (notice: Notice) => Date.parse(eventOf(notice)?.time ?? '');

describe('events of an agreement', () => {
  it('have the shape of real ones, from the purchase to the end', async () => {
    const { agreement_id, license_arn } = await seller.buy({ account_id: '782858285006' });
    await seller.act(agreement_id, 'cancel');
    await seller.advance(31);

    const [created, updated, ended, gone] = seller.heard.map(eventOf);
    const envelope = (detailType: string) => ({
      version: '0',
      id: uuid,
      'detail-type': detailType,
      source: 'aws.agreement-marketplace',
      account: '000000000000',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: 'us-east-1',
      resources: [`arn:aws:aws-marketplace::aws:agreement:${agreement_id}`],
    });
    const parties = {
      catalog: 'AWSMarketplace',
      acceptor: { accountId: '782858285006' },
      proposer: { accountId: '000000000000' },
      requestId: uuid,
    };
    const license = {
      ...parties,
      offer: { id: expect.stringMatching(/^offer-/) },
      license: { arn: license_arn },
      product: { id: expect.stringMatching(/^prod-[0-9a-z]{13}$/), code: 'by-use' },
      agreement: { id: agreement_id },
    };
    expect(created).toEqual({
      ...envelope('Purchase Agreement Created - Proposer'),
      detail: {
        ...parties,
        offer: { id: expect.stringMatching(/^offer-/) },
        agreement: {
          id: agreement_id,
          intent: 'NEW',
          status: 'ACTIVE',
          startTime: iso,
          acceptanceTime: iso,
          endTime: '9999-01-01T00:00:00Z',
        },
        resaleAuthorization: { id: null },
      },
    });
    expect(updated).toEqual({ ...envelope('License Updated - Manufacturer'), detail: license });
    expect(ended).toEqual({
      ...envelope('Purchase Agreement Ended - Proposer'),
      detail: {
        ...parties,
        agreement: { id: agreement_id, status: 'CANCELLED' },
        resaleAuthorization: { id: null },
      },
    });
    expect(gone).toEqual({ ...envelope('License Deprovisioned - Manufacturer'), detail: license });
  });

  it('come at once at the purchase, and the loss of the license 30 s after the end', async () => {
    const { agreement_id } = await seller.buy();
    expect(seller.news()).toEqual([
      'Purchase Agreement Created - Proposer',
      'License Updated - Manufacturer',
    ]);

    await seller.act(agreement_id, 'terminate');
    expect(seller.news()).toEqual(['Purchase Agreement Ended - Proposer']);
    await seller.advance(28);
    expect(seller.news()).toEqual([]);
    await seller.advance(2);
    expect(seller.news()).toEqual(['License Deprovisioned - Manufacturer']);
  });

  it('never have the same second within one agreement, in the order in which things happened', async () => {
    const { agreement_id } = await seller.buy({ product_code: 'by-contract' });
    for (const seats of [2, 3]) await seller.act(agreement_id, 'amend', { dimensions: { seats } });
    await seller.act(agreement_id, 'cancel');
    await seller.advance(60);

    const times = seller.heard.map(timeOf);
    expect(times).toHaveLength(8);
    expect(new Set(times).size).toBe(8);
    expect(times).toEqual(times.toSorted());
  });

  it('of a channel partner are those of a manufacturer', async () => {
    const { agreement_id } = await seller.buy({ channel_partner: true });
    await seller.act(agreement_id, 'cancel');

    expect(seller.news()).toEqual([
      'Purchase Agreement Created - Manufacturer',
      'License Updated - Manufacturer',
      'Purchase Agreement Ended - Manufacturer',
    ]);
  });
});

describe('an agreement', () => {
  it('that is amended keeps its license and has other dimensions and another end', async () => {
    const { agreement_id, license_arn } = await seller.buy({
      product_code: 'by-contract',
      dimensions: ['seats'],
    });
    const ends_at = new Date(Date.now() + 100 * day * 1000).toISOString();
    seller.heard.splice(0);

    const amended = await seller.act(agreement_id, 'amend', {
      dimensions: { seats: 5, support: true },
      ends_at,
    });

    expect(amended).toMatchObject({
      agreement_id,
      license_arn,
      dimensions: { seats: 5, support: true },
      ends_at,
      status: 'ACTIVE',
    });
    expect(eventOf(seller.heard[0])?.detail).toMatchObject({
      agreement: { id: agreement_id, intent: 'AMEND', endTime: ends_at },
    });
    expect(seller.news()).toEqual([
      'Purchase Agreement Amended - Proposer',
      'License Updated - Manufacturer',
    ]);
  });

  it.each([
    ['renew', 'RENEW', 'RENEWED'],
    ['replace', 'REPLACE', 'REPLACED'],
  ])(
    'that is told to %s has a successor with a license of its own',
    async (action, intent, status) => {
      const bought = await seller.buy({ product_code: 'by-contract', dimensions: { seats: 3 } });
      seller.heard.splice(0);

      const successor = await seller.act(bought.agreement_id, action);

      expect(successor).toMatchObject({
        intent,
        previous_agreement_id: bought.agreement_id,
        initial_agreement_id: bought.agreement_id,
        dimensions: { seats: 3 },
        status: 'ACTIVE',
      });
      expect(successor.license_arn).not.toBe(bought.license_arn);
      const [created, ended, updated] = seller.heard.map((notice) => eventOf(notice)?.detail);
      expect(created).toMatchObject({
        agreement: { intent, previousAgreementId: bought.agreement_id },
        product: { title: 'By contract' },
      });
      expect(ended).toMatchObject({ agreement: { id: bought.agreement_id, status } });
      expect(updated).toMatchObject({ license: { arn: successor.license_arn } });
      seller.heard.splice(0);
      await seller.advance(31);
      expect(eventOf(seller.heard[0])?.detail).toMatchObject({
        license: { arn: bought.license_arn },
      });
    },
  );

  it('expires by itself when the clock passes its end, at that very moment', async () => {
    const end = Math.ceil(Date.now() / 1000) * 1000 + 2.5 * 3600 * 1000;
    const { agreement_id } = await seller.buy({
      product_code: 'by-contract',
      ends_at: new Date(end).toISOString(),
    });
    seller.heard.splice(0);

    await seller.advance(day);

    const [ended, gone] = seller.heard;
    expect(eventOf(ended)?.detail).toMatchObject({
      agreement: { id: agreement_id, status: 'EXPIRED' },
    });
    expect(seller.heard.map(timeOf)).toEqual([end, end + 30_000]);
    expect(eventOf(gone)?.['detail-type']).toBe('License Deprovisioned - Manufacturer');
    const record = (await seller.listed()).find(({ id }) => id === eventOf(ended)?.id);
    expect(Math.abs(Date.parse(record?.sent_at[0] ?? '') - end)).toBeLessThan(60_000);

    const late = await seller.act(agreement_id, 'renew');
    expect(late).toMatchObject({ intent: 'RENEW', previous_agreement_id: agreement_id });
  });

  it('of a free trial for a contract ends with the trial; of one by use it goes on', async () => {
    const trial = { offer_type: 'free-trial', trial_days: 7, account_id: '222233334444' };
    const contract = await seller.buy({ ...trial, product_code: 'by-contract' });
    const usage = await seller.buy({ ...trial, product_code: 'by-use' });

    await seller.advance(8 * day);

    const { body } = await seller.send<{ agreement_id: string; status: string }[]>(
      'GET',
      'marketplace/agreements',
    );
    const statusOf = (id: string) => body.find(({ agreement_id }) => agreement_id === id)?.status;
    expect(statusOf(contract.agreement_id)).toBe('EXPIRED');
    expect(statusOf(usage.agreement_id)).toBe('ACTIVE');
  });

  it('ends once, and what has ended is changed no more', async () => {
    const { agreement_id } = await seller.buy();
    await seller.act(agreement_id, 'cancel');

    for (const action of ['amend', 'renew', 'replace', 'cancel', 'expire', 'terminate'])
      expect(
        await seller.send('POST', `marketplace/agreements/${agreement_id}/${action}`, {}),
      ).toMatchObject({ status: 409, body: { detail: expect.stringContaining('is CANCELLED') } });
    expect(
      await seller.send('POST', 'marketplace/agreements/agmt-of-nothing/cancel', {}),
    ).toMatchObject({ status: 404 });
  });

  it.each([
    [{ dimensions: {} }, '/dimensions'],
    [{ dimensions: { seats: -1 } }, '/dimensions/seats'],
    [{ pricing: 'gift' }, '/pricing'],
    [{ ends_at: 'tomorrow' }, '/ends_at'],
    [{ offer_type: 'free-trial', trial_days: 4 }, '/trial_days'],
  ])('is not made of %j', async (request, pointer) => {
    const { status, body } = await seller.send<{ errors: { pointer: string }[] }>(
      'POST',
      'marketplace/purchases',
      request,
    );

    expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
  });

  it('cannot end in the past', async () => {
    const ends_at = '2020-01-01T00:00:00Z';

    expect(await seller.send('POST', 'marketplace/purchases', { ends_at })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('lies in the past') },
    });
  });
});

describe('the older contract', () => {
  const older = { product_code: 'older', account_id: '333344445555' };

  it('names a buyer by customer identifier and tells of it by SNS', async () => {
    const { token, agreement_id } = await seller.buy({ ...older, offer_type: 'free-trial' });
    const client = seller.metering();
    const resolved = await client.send(new ResolveCustomerCommand({ RegistrationToken: token }));
    client.destroy();
    expect(resolved).toMatchObject({
      CustomerIdentifier: expect.stringMatching(/^[0-9A-Z]{11}$/),
      CustomerAWSAccountId: older.account_id,
      ProductCode: 'older',
    });
    expect(resolved.LicenseArn).toBeUndefined();
    const notice = seller.heard[0];
    expect(notice?.channel === 'sns' && notice.topic_arn).toBe(
      'arn:aws:sns:us-east-1:287250355862:aws-mp-subscription-notification-older',
    );
    expect(messageOf(notice)).toEqual({
      action: 'subscribe-success',
      'customer-identifier': resolved.CustomerIdentifier,
      'product-code': 'older',
      'offer-identifier': expect.stringMatching(/^offer-/),
      isFreeTrialTermPresent: 'true',
    });

    expect(await seller.send('POST', 'marketplace/purchases', older)).toMatchObject({
      status: 409,
    });
    seller.heard.splice(0);
    await seller.act(agreement_id, 'cancel');
    expect(messageOf(seller.heard[0])).toEqual({
      action: 'unsubscribe-pending',
      'customer-identifier': resolved.CustomerIdentifier,
      'product-code': 'older',
    });
    await seller.advance(3590);
    expect(seller.heard).toHaveLength(1);
    await seller.advance(15);
    expect(seller.news()).toEqual(['unsubscribe-pending', 'unsubscribe-success']);
    await seller.buy(older);
  });

  it('of a contract only says that entitlements changed', async () => {
    const { agreement_id } = await seller.buy({
      product_code: 'older-contract',
      pricing: 'contract',
      identity: 'customer',
      dimensions: { seats: 2 },
    });
    await seller.act(agreement_id, 'amend', { dimensions: { seats: 3 } });
    await seller.act(agreement_id, 'expire');

    expect(seller.heard.map(messageOf)).toEqual(
      Array(3).fill({
        action: 'entitlement-updated',
        'customer-identifier': expect.any(String),
        'product-code': 'older-contract',
      }),
    );
  });
});

describe('trouble with events', () => {
  it('duplicates, reorders, drops and delays so many of them, and replays any', async () => {
    await seller.send('POST', 'faults', { events: { duplicate: true, reorder: true, times: 2 } });
    await seller.buy();
    expect(seller.news()).toEqual([
      'License Updated - Manufacturer',
      'License Updated - Manufacturer',
      'Purchase Agreement Created - Proposer',
      'Purchase Agreement Created - Proposer',
    ]);

    await seller.send('POST', 'faults', { events: { drop: true, times: 1 } });
    await seller.buy();
    expect(seller.news()).toEqual(['License Updated - Manufacturer']);
    const [dropped] = (await seller.listed()).slice(-2);
    expect(dropped).toMatchObject({ status: 'dropped', sent_at: [] });
    const replayed = await seller.send('POST', `marketplace/events/${dropped?.id}/replay`);
    expect(replayed).toMatchObject({ status: 200, body: { status: 'sent' } });
    expect(seller.heard.map(eventOf)).toEqual([
      dropped?.channel === 'event-bridge' ? dropped.event : undefined,
    ]);
    seller.heard.splice(0);

    await seller.send('POST', 'faults', { events: { delay_seconds: 600, times: 1 } });
    await seller.buy();
    expect(seller.news()).toEqual(['License Updated - Manufacturer']);
    await seller.advance(601);
    expect(seller.news()).toEqual(['Purchase Agreement Created - Proposer']);
    expect((await seller.send('GET', 'faults')).body).toEqual({ events: null, apis: {} });
  });

  it('keeps what waits, and all else, over a restart', async () => {
    const { agreement_id } = await seller.buy();
    await seller.act(agreement_id, 'cancel');
    const before = await seller.listed();
    seller.heard.splice(0);

    await seller.restart();

    expect(await seller.listed()).toEqual(before);
    await seller.advance(31);
    expect(seller.news()).toEqual(['License Deprovisioned - Manufacturer']);
  });

  it('sends events that a script makes up', async () => {
    const { agreement_id } = await seller.buy();
    seller.heard.splice(0);

    const made = await seller.send('POST', 'marketplace/events', {
      detail_type: 'Advisory Issued - Manufacturer',
      agreement_id,
      detail: { advisory: { issuedAt: '2026-11-21T00:00:00Z' } },
    });

    expect(made).toMatchObject({ status: 201, body: { agreement_id, status: 'sent' } });
    expect(eventOf(seller.heard[0])).toMatchObject({
      'detail-type': 'Advisory Issued - Manufacturer',
      detail: { advisory: { issuedAt: '2026-11-21T00:00:00Z' } },
    });
  });
});

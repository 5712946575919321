import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { allItems } from '../../../harness/items.ts';
import {
  Agreement,
  deliverEvents,
  type Envelope,
  type Registration,
} from '../../../harness/marketplace/agreements.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { randomAddress, type TokenBody, useWorld } from '../../../harness/world.ts';

const world = useWorld();
beforeAll(() => pretendBcrypt('not needed here'));

const password = 'correct horse battery';

async function complete({ registration_ticket }: Registration) {
  const { body } = await world.send<TokenBody & { status: string }>(
    'POST',
    '/marketplace/complete-profile',
    {
      body: { registration_ticket, email: `${randomUUID()}@example.com`, password },
      address: randomAddress(),
    },
  );
  return body;
}

/** What data endpoints answer to the owner, once no container remembers what was before. */
async function access(token: string): Promise<string> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
  const { status, body } = await world.send<{ code?: string }>('GET', '/api/v1/api-keys', {
    token,
  });
  return body.code ?? String(status);
}

const itemOf = async (pk: string, sk: string) =>
  (await allItems()).find((item) => item.pk === pk && item.sk === sk);

async function stateOf(agreement: Agreement) {
  const lookup = await itemOf(`LICENSE#${agreement.licenseId}`, 'LICENSE');
  const pk = `TENANT#${lookup?.tenant_id}`;
  const license = await itemOf(pk, `LICENSE#${agreement.licenseId}`);
  const tenant = await itemOf(pk, 'TENANT');
  return {
    license: license?.status,
    reason: license?.end_reason,
    starts: license?.started_at,
    ends: license?.ends_at,
    subscription: tenant?.subscription,
    status: tenant?.status,
    plan: tenant?.plan,
  };
}

describe('a purchase', () => {
  it('is active once AWS says so, and not because somebody registers', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.created());
    const owner = await complete(await agreement.register());
    expect(owner.status).toBe('ACTIVE');
    expect(await access(owner.access_token)).toBe('subscription_pending');

    await deliverEvents(agreement.licenseUpdated());

    expect(await access(owner.access_token)).toBe('200');
    expect(await stateOf(agreement)).toMatchObject({ license: 'ACTIVE', plan: 'PRO' });
  });

  it('is active at its registration when the events came before it, as they usually do', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.created(), agreement.licenseUpdated());
    expect(await itemOf(`AGREEMENT#${agreement.id}`, 'AGREEMENT')).toMatchObject({
      series_pk: 'PARKED#AGREEMENTS',
      event_count: 2,
    });

    const owner = await complete(await agreement.register());

    expect(await access(owner.access_token)).toBe('200');
    const head = await itemOf(`AGREEMENT#${agreement.id}`, 'AGREEMENT');
    expect(head).not.toHaveProperty('series_pk');
    expect(head?.tenant_id).toBeDefined();
  });

  it.each(['CANCELLED', 'EXPIRED', 'TERMINATED'])('%s suspends its tenant', async (status) => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.created(), agreement.licenseUpdated());
    const owner = await complete(await agreement.register());

    await deliverEvents(agreement.ended(status));

    expect(await stateOf(agreement)).toMatchObject({
      license: 'ENDED',
      reason: status,
      ends: '2026-11-21T10:00:00.000Z',
      status: 'SUSPENDED',
    });
    expect(await access(owner.access_token)).toBe('tenant_suspended');
    const mine = await world.send('GET', '/api/v1/tenants/me', { token: owner.access_token });
    expect(mine.status).toBe(200);
  });

  it.each(['constructor', '__proto__', 'SUSPENDED_BY_LAW'])(
    'an end with the unknown status %s is one all the same',
    async (status) => {
      const agreement = new Agreement(world);
      await deliverEvents(agreement.created(), agreement.licenseUpdated());
      await complete(await agreement.register());

      await deliverEvents(agreement.ended(status));

      expect(await stateOf(agreement)).toMatchObject({
        license: 'ENDED',
        reason: 'TERMINATED',
        status: 'SUSPENDED',
      });
    },
  );

  it('suspends when the license is deprovisioned and the end was not heard of', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.licenseUpdated(), agreement.licenseDeprovisioned());
    await complete(await agreement.register());

    expect(await stateOf(agreement)).toMatchObject({ license: 'ENDED', status: 'SUSPENDED' });
  });

  it('that is cancelled during the registration leaves a suspended tenant', async () => {
    const agreement = new Agreement(world);
    await deliverEvents(agreement.licenseUpdated());
    const registration = await agreement.register();

    await deliverEvents(agreement.ended('CANCELLED'));
    const owner = await complete(registration);

    expect(owner.status).toBe('SUSPENDED');
    expect(await access(owner.access_token)).toBe('tenant_suspended');
  });

  it('of a free product needs no event', async () => {
    const agreement = new Agreement(world, { productCode: 'tenantry-demo-free' });

    const owner = await complete(await agreement.register());

    expect(await access(owner.access_token)).toBe('200');
    expect(await stateOf(agreement)).toMatchObject({ license: 'ACTIVE', plan: 'FREE' });
  });
});

describe('a purchase that is renewed or replaced', () => {
  const successorOf = (first: Agreement, intent: 'RENEW' | 'REPLACE') =>
    new Agreement(world, { previousAgreementId: first.id, intent });

  it.each([
    ['RENEWED', 'RENEW'],
    ['REPLACED', 'REPLACE'],
  ] as const)(
    '%s revokes nothing, and its tenant gets the new license by itself',
    async (status, intent) => {
      const first = new Agreement(world);
      await deliverEvents(first.created(), first.licenseUpdated());
      const owner = await complete(await first.register());
      const second = successorOf(first, intent);

      for (const event of [first.ended(status), first.licenseDeprovisioned()]) {
        await deliverEvents(event);
        expect(await access(owner.access_token)).toBe('200');
      }
      await deliverEvents(second.created('2026-11-21T10:00:00Z'));
      await deliverEvents(second.licenseUpdated('2026-11-21T10:01:00Z'));

      const [old, renewed] = [await stateOf(first), await stateOf(second)];
      expect(old).toMatchObject({ license: 'ENDED', reason: status, status: 'ACTIVE' });
      expect(renewed).toMatchObject({ license: 'ACTIVE', status: 'ACTIVE' });
      const again = await second.register();
      expect(again.status).toBe('ACTIVE');

      await deliverEvents(second.ended('CANCELLED', '2026-12-01T00:00:00Z'));
      expect(await access(owner.access_token)).toBe('tenant_suspended');
    },
  );

  it('of another AWS account goes to nobody by itself', async () => {
    const first = new Agreement(world);
    await deliverEvents(first.created(), first.licenseUpdated());
    await complete(await first.register());
    const foreign = new Agreement(world, {
      previousAgreementId: first.id,
      intent: 'RENEW',
      accountId: '999988887777',
    });
    await deliverEvents(foreign.created(), foreign.licenseUpdated());

    expect((await foreign.register()).tenant_id).not.toBe((await first.register()).tenant_id);
  });

  it('finds its tenant also when everything of the successor came first', async () => {
    const first = new Agreement(world);
    const second = successorOf(first, 'RENEW');
    await deliverEvents(second.licenseUpdated(), second.created());
    await deliverEvents(first.ended('RENEWED'), first.licenseUpdated());

    const owner = await complete(await first.register());
    await deliverEvents(first.licenseDeprovisioned());

    expect(await stateOf(second)).toMatchObject({ license: 'ACTIVE', status: 'ACTIVE' });
    expect(await access(owner.access_token)).toBe('200');
  });
});

describe('events', () => {
  it('come to the same state in any order, any number of times, before and after the registration', async () => {
    const stories: ((a: Agreement) => Envelope[])[] = [
      (a) => [a.created(), a.licenseUpdated()],
      (a) => [a.created(), a.licenseUpdated(), a.ended('CANCELLED'), a.licenseDeprovisioned()],
      (a) => [a.created(), a.licenseUpdated(), a.ended('RENEWED'), a.licenseDeprovisioned()],
      (a) => [
        a.created(),
        a.licenseUpdated(),
        a.told('Purchase Agreement Amended', '2026-11-20T12:00:00Z', {
          endTime: '2027-01-01T00:00:00Z',
        }),
        a.ended('EXPIRED'),
      ],
    ];
    const expected = await Promise.all(
      stories.map(async (story) => {
        const agreement = new Agreement(world);
        await complete(await agreement.register());
        for (const event of story(agreement)) await deliverEvents(event);
        return stateOf(agreement);
      }),
    );
    const plan = fc.record({
      story: fc.nat({ max: stories.length - 1 }),
      order: fc.infiniteStream(fc.nat()),
      repeats: fc.array(fc.nat({ max: 3 }), { minLength: 4, maxLength: 4 }),
      registersAt: fc.nat({ max: 12 }),
      atOnce: fc.boolean(),
      dropped: fc.option(fc.nat({ max: 3 })),
    });

    await fc.assert(
      fc.asyncProperty(plan, async ({ story, order, repeats, registersAt, atOnce, dropped }) => {
        const agreement = new Agreement(world);
        const events = stories[story]?.(agreement) ?? [];
        const sent = events
          .flatMap((event, index) => new Array(1 + (repeats[index] ?? 0)).fill(event))
          .map((event) => ({ event, at: order.next().value ?? 0 }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ event }) => event as Envelope);
        const lost = dropped === null ? undefined : events[dropped];
        const steps: (() => Promise<unknown>)[] = sent
          .filter((event) => event !== lost)
          .map((event) => () => deliverEvents(event));
        steps.splice(Math.min(registersAt, steps.length), 0, async () =>
          complete(await agreement.register()),
        );
        if (atOnce) await Promise.all(steps.map((step) => step()));
        else for (const step of steps) await step();
        // What was dropped is replayed in the end.
        if (lost) await deliverEvents(lost);

        const { starts, ends, ...state } = await stateOf(agreement);
        expect({ starts, ends, ...state }).toEqual(expected[story]);
      }),
      { numRuns: 200 },
    );
  }, 300_000);

  it('of products that are not sold here change nothing and wait for nobody', async () => {
    const agreement = new Agreement(world, { productCode: 'somebody-elses' });

    const { batchItemFailures } = await deliverEvents(
      agreement.created(),
      agreement.licenseUpdated(),
    );

    expect(batchItemFailures).toEqual([]);
    const head = await itemOf(`AGREEMENT#${agreement.id}`, 'AGREEMENT');
    expect(head).not.toHaveProperty('series_pk');
  });

  it.each([
    ['Advisory Issued', 'Purchase Agreement Advisory Issued'],
    ['Ending', 'Purchase Agreement Ending'],
    ['Renewal Upcoming', 'Purchase Agreement Renewal Upcoming'],
    ['Spend Threshold Reached', 'Purchase Agreement Spend Threshold Reached'],
    ['Cancellation Request Approved', 'Agreement Cancellation Request Approved'],
    ['Purchase Agreement Ending', 'Purchase Agreement Ending'],
  ])('%s is known by its words, as AWS prints it', async (told, name) => {
    const agreement = new Agreement(world);
    const event = agreement.told(told, '2026-11-20T10:00:00Z');

    const output = await outputOf(() => deliverEvents(event));

    expect(logLines(output).some(({ UnknownAgreementEvents }) => UnknownAgreementEvents)).toBe(
      false,
    );
    const kept = (await allItems()).find(({ event_id }) => event_id === event.id);
    expect(kept?.name).toBe(name);
  });

  it('of an unknown type are kept, without effect, and set off the alarm once', async () => {
    const agreement = new Agreement(world);
    const event = agreement.told('Purchase Agreement Reincarnated', '2026-11-20T10:00:00Z');

    const output = await outputOf(async () => {
      await deliverEvents(event);
      await deliverEvents(event);
    });

    const counted = logLines(output).filter(({ UnknownAgreementEvents }) => UnknownAgreementEvents);
    expect(counted).toHaveLength(1);
    const kept = (await allItems()).filter(({ event_id }) => event_id === event.id);
    expect(kept).toHaveLength(1);
    expect(kept[0]?.detail).toEqual(event.detail);
  });

  it('that are forged or broken fail alone', async () => {
    const agreement = new Agreement(world);
    const good = agreement.licenseUpdated();
    const bad = [
      { ...good, source: 'somebody.else' },
      { ...good, detail: {} },
      { ...good, detail: { ...(good.detail as object), agreement: { id: 'a#b' } } },
      { ...good, time: 'yesterday' },
      {},
    ];

    const { batchItemFailures } = await deliverEvents(...bad, good);

    expect(batchItemFailures).toHaveLength(bad.length);
    expect(await itemOf(`LICENSE#${agreement.licenseId}`, 'LICENSE')).toBeDefined();
  });
});

describe('older products', () => {
  const notification = (action: string, customer: string, Timestamp: string, more = {}) => ({
    Type: 'Notification',
    MessageId: randomUUID(),
    TopicArn: 'arn:aws:sns:us-east-1:287250355862:aws-mp-subscription-notification-x',
    Message: JSON.stringify({
      action,
      'customer-identifier': customer,
      'product-code': 'tenantry-demo-legacy',
      ...more,
    }),
    Timestamp,
  });

  async function register(CustomerIdentifier: string): Promise<Registration> {
    const token = `aws-token-${randomUUID()}`;
    world.purchases.set(token, {
      CustomerAWSAccountId: '111122223333',
      CustomerIdentifier,
      ProductCode: 'tenantry-demo-legacy',
    });
    const { body } = await world.send<Registration>('POST', '/marketplace/register', {
      body: { 'x-amzn-marketplace-token': token },
      address: randomAddress(),
    });
    return body;
  }

  it('go the same way by the messages of Amazon SNS', async () => {
    const customer = `X01${randomUUID().replaceAll('-', '')}`;
    const owner = await complete(await register(customer));
    expect(await access(owner.access_token)).toBe('subscription_pending');

    const told = (action: string, time: string, more = {}) =>
      deliverEvents(notification(action, customer, time, more));
    await told('subscribe-success', '2026-11-20T10:00:00.000Z', {
      isFreeTrialTermPresent: 'true',
    });
    expect(await access(owner.access_token)).toBe('200');
    await told('unsubscribe-pending', '2026-11-20T11:00:00.000Z');
    expect(await access(owner.access_token)).toBe('200');
    await told('unsubscribe-success', '2026-11-20T12:00:00.000Z');
    expect(await access(owner.access_token)).toBe('tenant_suspended');
    await told('subscribe-success', '2026-11-20T13:00:00.000Z');
    expect(await access(owner.access_token)).toBe('200');
    // Late, and of before: nothing of it counts any more.
    await told('unsubscribe-success', '2026-11-20T12:00:00.000Z');
    expect(await access(owner.access_token)).toBe('200');
  });
});

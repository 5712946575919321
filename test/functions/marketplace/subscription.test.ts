import { randomUUID } from 'node:crypto';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { day, travelTo } from '../../../harness/clock.ts';
import { setRole } from '../../../harness/items.ts';
import {
  Agreement,
  deliverEvents,
  type Registration,
} from '../../../harness/marketplace/agreements.ts';
import { claimsOf, randomAddress, type TokenBody, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const password = 'correct horse battery';
beforeAll(() => pretendBcrypt(password));
const start = Date.parse('2026-11-20T12:00:00Z');
beforeEach(() => travelTo(start));

interface Subscription {
  status: string;
  plan: string | null;
  licenses: Record<string, unknown>[];
  entitlements: Record<string, unknown>[];
  usage: Record<string, unknown>[];
  next: { what: string; at: string | null } | null;
}

async function complete({ registration_ticket }: Registration): Promise<string> {
  const { body } = await world.send<TokenBody>('POST', '/marketplace/complete-profile', {
    body: { registration_ticket, email: `${randomUUID()}@example.com`, password },
    address: randomAddress(),
  });
  return body.access_token;
}

async function show(token: string): Promise<Subscription> {
  const answer = await world.send<Subscription>('GET', '/api/v1/subscription', { token });
  expect(answer.status).toBe(200);
  return answer.body;
}

/** A purchase of which AWS has told, and its owner. */
async function buy(options: ConstructorParameters<typeof Agreement>[1] = {}) {
  const agreement = new Agreement(world, options);
  await deliverEvents(agreement.created(), agreement.licenseUpdated());
  return { agreement, token: await complete(await agreement.register()) };
}

const november = {
  period_start: '2026-11-01T00:00:00.000Z',
  period_end: '2026-12-01T00:00:00.000Z',
};
const seconds = (ms: number) => ms / 1000;

describe('the subscription', () => {
  it('of a purchase by usage shows its license, and every metered dimension with 0', async () => {
    const { agreement, token } = await buy();

    expect(await show(token)).toEqual({
      status: 'ACTIVE',
      plan: 'PRO',
      licenses: [
        {
          license_arn: agreement.licenseArn,
          agreement_id: agreement.id,
          product_code: 'tenantry-demo',
          status: 'ACTIVE',
          is_free_trial: false,
          started_at: '2026-11-20T10:01:00.000Z',
          ends_at: null,
        },
      ],
      entitlements: [],
      usage: [
        { dimension: 'api_calls', quantity: 0, ...november },
        { dimension: 'detections_ingested', quantity: 0, ...november },
      ],
      next: null,
    });
  });

  it('shows what was used this month, and nothing of other months, licenses or tenants', async () => {
    const [{ agreement, token }, other] = [await buy(), await buy()];
    const { writeMany } = await import('../../../shared/table/table.ts');
    const pk = `TENANT#${claimsOf(token).tenantId}#USAGE#${agreement.licenseId}`;
    await writeMany([
      { put: { pk, sk: 'MONTH#2026-11#api_calls', quantity: 1234 } },
      { put: { pk, sk: 'MONTH#2026-10#api_calls', quantity: 99 } },
    ]);

    const used = async (one: string) => (await show(one)).usage.map(({ quantity }) => quantity);

    expect(await used(token)).toEqual([1234, 0]);
    expect(await used(other.token)).toEqual([0, 0]);
    travelTo(Date.parse('2026-12-01T00:00:00Z'));
    const { showSubscription } = await import('../../../shared/marketplace/subscription.ts');
    const later = await showSubscription(claimsOf(other.token).tenantId);
    expect(later.usage[0]).toMatchObject({
      period_start: '2026-12-01T00:00:00.000Z',
      period_end: '2027-01-01T00:00:00.000Z',
    });
  });

  it('shows what a contract entitles to, until it expires', async () => {
    const until = start + day;
    world.awsAnswers('GetEntitlements', () => ({
      members: {
        Entitlements: [
          { Dimension: 'starter', Value: { IntegerValue: 2 } },
          { Dimension: 'pro', Value: { BooleanValue: true }, ExpirationDate: seconds(until) },
        ],
      },
    }));
    const { agreement, token } = await buy({ productCode: 'tenantry-demo-contract' });
    const license_arn = agreement.licenseArn;
    const lasting = { license_arn, dimension: 'starter', value: 2, expires_at: null };

    expect(await show(token)).toMatchObject({
      plan: 'PRO',
      usage: [],
      entitlements: [
        lasting,
        { license_arn, dimension: 'pro', value: true, expires_at: new Date(until).toISOString() },
      ],
    });
    // An access token is younger than that.
    const { showSubscription } = await import('../../../shared/marketplace/subscription.ts');
    travelTo(until);
    expect(await showSubscription(claimsOf(token).tenantId)).toMatchObject({
      plan: 'STARTER',
      entitlements: [lasting],
    });
  });

  it('of a tenant that signed up by itself is its plan', async () => {
    const { access_token } = await world.signUp();

    expect(await show(access_token)).toEqual({
      status: 'ACTIVE',
      plan: 'FREE',
      licenses: [],
      entitlements: [],
      usage: [],
      next: null,
    });
  });

  it('is there for every role', async () => {
    const member = await world.signUp();
    for (const role of ['admin', 'user', 'viewer']) {
      await setRole(member, role);
      const { body } = await world.login(member.email, member.password);
      expect(await show(body.access_token)).toMatchObject({ plan: 'FREE' });
    }
  });

  it('is there while it is being activated, and after it has ended', async () => {
    const agreement = new Agreement(world);
    const token = await complete(await agreement.register());
    expect(await show(token)).toMatchObject({
      status: 'ACTIVE',
      licenses: [{ status: 'PENDING' }],
      usage: [],
      next: { what: 'activates', at: null },
    });

    await deliverEvents(agreement.licenseUpdated(), agreement.ended('CANCELLED'));

    expect(await show(token)).toMatchObject({
      status: 'SUSPENDED',
      plan: 'PRO',
      licenses: [{ status: 'ENDED', ends_at: '2026-11-21T10:00:00.000Z' }],
      entitlements: [],
      usage: [
        { dimension: 'api_calls', quantity: 0 },
        { dimension: 'detections_ingested', quantity: 0 },
      ],
      next: null,
    });
  });

  it('waits for the table twice, however many licenses there are', async () => {
    const { token } = await buy();
    await show(token);
    const send = vi.spyOn(DynamoDBDocumentClient.prototype, 'send');

    await show(token);

    const names = send.mock.calls.map(([command]) => command.constructor.name).sort();
    send.mockRestore();
    expect(names).toEqual(['GetCommand', 'QueryCommand', 'QueryCommand']);
  });
});

describe('what happens next', () => {
  const endTime = '2027-11-20T10:00:00Z';
  const end = '2027-11-20T10:00:00.000Z';
  const nextOf = async (token: string) => (await show(token)).next;

  it('is the end of the agreement, or its renewal once it renews by itself', async () => {
    const { agreement, token } = await buy({ endTime });
    expect(await nextOf(token)).toEqual({ what: 'ends', at: end });

    await deliverEvents(
      agreement.told('Purchase Agreement Amended', '2026-11-20T11:00:00Z', {
        autoRenewalEnabled: true,
      }),
    );

    expect(await nextOf(token)).toEqual({ what: 'renews', at: end });
  });

  it.each([
    ['Purchase Agreement Renewal Upcoming', 'renews'],
    ['Purchase Agreement Ending', 'ends'],
    ['Agreement Cancellation Request Pending Approval', 'cancellation_requested'],
  ])('follows %s', async (told, what) => {
    const { agreement, token } = await buy({ endTime });

    await deliverEvents(agreement.told(told, '2026-11-20T11:30:00Z'));

    expect(await nextOf(token)).toEqual({ what, at: end });
  });

  it('is the end of the trial while there is one, and then what comes after it', async () => {
    world.awsAnswers('DescribeAgreement', () => ({ members: { startTime: seconds(start) } }));
    world.awsAnswers('GetAgreementTerms', () => ({
      members: { acceptedTerms: [{ freeTrialPricingTerm: { duration: 'P14D' } }] },
    }));
    const { token } = await buy({ endTime });
    const { showSubscription } = await import('../../../shared/marketplace/subscription.ts');

    expect(await show(token)).toMatchObject({
      licenses: [{ is_free_trial: true }],
      next: { what: 'trial_ends', at: '2026-12-04T12:00:00.000Z' },
    });
    travelTo(start + 14 * day);
    expect(await showSubscription(claimsOf(token).tenantId)).toMatchObject({
      licenses: [{ is_free_trial: false }],
      next: { what: 'ends', at: end },
    });
  });
});

import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../../harness/aws.ts';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { day, hour, minute, travel, travelTo } from '../../../harness/clock.ts';
import { underGrantsOf } from '../../../harness/grants.ts';
import { allItems, tenantItem } from '../../../harness/items.ts';
import { Agreement, deliverEvents } from '../../../harness/marketplace/agreements.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { lambdaContext, useWorld } from '../../../harness/world.ts';
import { workers } from '../../../shared/contract/registry.ts';

const world = useWorld();
beforeAll(() => pretendBcrypt('not needed here'));

interface Granted {
  Dimension: string;
  Value?: object;
  ExpirationDate?: number;
}
type Filter = Partial<Record<'LICENSE_ARN' | 'CUSTOMER_IDENTIFIER', string[]>>;

/** What AWS entitles licenses to, by ARN or customer identifier. */
const granted = new Map<string, Granted[]>();
let asked: Record<string, unknown>[] = [];
beforeEach(() => {
  granted.clear();
  asked = [];
  world.awsAnswers('GetEntitlements', (input): Answer => {
    asked.push(input);
    const filter = input.Filter as Filter;
    const name = (filter.LICENSE_ARN ?? filter.CUSTOMER_IDENTIFIER)?.[0] ?? '';
    const Entitlements = (granted.get(name) ?? []).map((one) => ({
      Value: { IntegerValue: 1 },
      ...one,
    }));
    return { members: { Entitlements } };
  });
});

/** A worker as infra has it. */
function entryOf(id: string) {
  const entry = workers.find((worker) => worker.id === id);
  if (!entry) throw new Error(`There is no worker ${id}`);
  return [id, entry] as const;
}

const deliver = (...messages: readonly object[]) =>
  underGrantsOf(...entryOf('marketplace/take-events'), () => deliverEvents(...messages));

/** Runs what the schedule runs. */
async function sweep(): Promise<void> {
  const { handler } = await import('../../../functions/marketplace/refresh-entitlements.ts');
  const [id, entry] = entryOf('marketplace/refresh-entitlements');
  const context = { ...lambdaContext(id), getRemainingTimeInMillis: () => 300_000 };
  await underGrantsOf(id, entry, () => handler({}, context));
}

const purchaseOf = (productCode = 'tenantry-demo-contract') =>
  new Agreement(world, { productCode });
const planOf = async (tenantId: string) => (await tenantItem(tenantId))?.plan;
const licenseOf = async ({ licenseId }: Agreement) =>
  (await allItems()).find(({ sk }) => sk === `LICENSE#${licenseId}`);
const seconds = (ms: number) => Math.floor(ms / 1000);

/** A purchase that is registered and active, entitled to these dimensions. */
async function buy(dimensions: Granted[], productCode?: string) {
  const agreement = purchaseOf(productCode);
  granted.set(agreement.licenseArn, dimensions);
  await deliver(agreement.created(), agreement.licenseUpdated());
  const { tenant_id } = await agreement.register();
  return { agreement, tenantId: tenant_id };
}

describe('a purchase by contract', () => {
  it('has the plan of its dimension as soon as it is registered, and the highest of several', async () => {
    const { tenantId, agreement } = await buy([{ Dimension: 'starter' }, { Dimension: 'pro' }]);

    expect(await planOf(tenantId)).toBe('PRO');
    expect(asked.at(-1)).toEqual({
      ProductCode: 'tenantry-demo-contract',
      Filter: { LICENSE_ARN: [agreement.licenseArn] },
      MaxResults: 25,
    });
    expect(asked).toHaveLength(1);
  });

  it('has it once AWS says so, when it is registered before that', async () => {
    const agreement = purchaseOf();
    const { tenant_id } = await agreement.register();
    expect(await planOf(tenant_id)).toBeNull();

    granted.set(agreement.licenseArn, [{ Dimension: 'enterprise' }]);
    await deliver(agreement.created(), agreement.licenseUpdated());

    expect(await planOf(tenant_id)).toBe('ENTERPRISE');
  });

  it('keeps every dimension and value, from all pages: an empty one may be followed by another', async () => {
    const agreement = purchaseOf('tenantry-demo-consumption');
    const end = Date.parse('2031-01-01T00:00:00Z');
    const pages: Record<string, { Entitlements: object[]; NextToken?: string }> = {
      first: { Entitlements: [], NextToken: 'second' },
      second: {
        Entitlements: [
          { Dimension: 'pro', Value: { IntegerValue: 3 }, ExpirationDate: seconds(end) },
          { Dimension: 'gigabytes', Value: { DoubleValue: 1.5 } },
        ],
        NextToken: 'third',
      },
      third: { Entitlements: [], NextToken: 'fourth' },
      fourth: {
        Entitlements: [
          { Dimension: 'sso', Value: { BooleanValue: true } },
          { Dimension: 'region', Value: { StringValue: 'eu' } },
        ],
      },
    };
    world.awsAnswers('GetEntitlements', ({ NextToken = 'first' }) => ({
      members: pages[String(NextToken)] ?? {},
    }));

    const { tenant_id } = await agreement.register();

    expect((await licenseOf(agreement))?.entitlements).toEqual([
      { dimension: 'pro', value: 3, expires_at: '2031-01-01T00:00:00.000Z' },
      { dimension: 'gigabytes', value: 1.5, expires_at: null },
      { dimension: 'sso', value: true, expires_at: null },
      { dimension: 'region', value: 'eu', expires_at: null },
    ]);
    await deliver(agreement.licenseUpdated());
    expect(await planOf(tenant_id)).toBe('PRO');
  });

  it('changes its plan when it is amended', async () => {
    const { agreement, tenantId } = await buy([{ Dimension: 'starter' }]);
    expect(await planOf(tenantId)).toBe('STARTER');

    granted.set(agreement.licenseArn, [{ Dimension: 'enterprise' }]);
    await deliver(
      agreement.told('Purchase Agreement Amended', '2026-11-20T12:00:00Z', { intent: 'AMEND' }),
    );

    expect(await planOf(tenantId)).toBe('ENTERPRISE');
  });

  it('does not count what it has nothing of', async () => {
    const { tenantId } = await buy([
      { Dimension: 'starter' },
      { Dimension: 'enterprise', Value: { IntegerValue: 0 } },
      { Dimension: 'pro', Value: { BooleanValue: false } },
    ]);

    expect(await planOf(tenantId)).toBe('STARTER');
  });

  it('of the older contract is asked for by its customer, when Amazon SNS says so', async () => {
    const { soldProducts } = await import('../../../shared/marketplace/sold-products.ts');
    const code = `older-contract-${randomUUID()}`;
    (soldProducts as object[]).push({
      code,
      name: 'Older',
      pricing: 'contract',
      identity: 'customer',
      dimensions: [{ key: 'pro', unit: 'Units', name: 'Pro', plan: 'PRO' }],
    });
    const customer = `X${randomUUID()}`;
    const token = `aws-token-${customer}`;
    world.purchases.set(token, {
      CustomerAWSAccountId: '111122223333',
      CustomerIdentifier: customer,
      ProductCode: code,
    });
    const { body } = await world.send<{ tenant_id: string }>('POST', '/marketplace/register', {
      body: { 'x-amzn-marketplace-token': token },
    });

    granted.set(customer, [{ Dimension: 'pro' }]);
    await deliver({
      Type: 'Notification',
      MessageId: randomUUID(),
      TopicArn: 'arn:aws:sns:us-east-1:287250355862:aws-mp-entitlement-notification-x',
      Message: JSON.stringify({
        action: 'entitlement-updated',
        'customer-identifier': customer,
        'product-code': code,
      }),
      Timestamp: '2026-11-20T10:00:00Z',
    });

    expect(asked.at(-1)).toMatchObject({ Filter: { CUSTOMER_IDENTIFIER: [customer] } });
    expect(await planOf(body.tenant_id)).toBe('PRO');
  });

  it('asks nothing for a product without entitlements', async () => {
    await buy([], 'tenantry-demo');

    expect(asked).toEqual([]);
  });
});

describe('what expires', () => {
  it('does not count from that moment on, wherever the plan is looked at', async () => {
    travelTo(Date.parse('2026-11-20T12:00:00Z'));
    const until = Date.now() + 3 * hour;
    const { tenantId } = await buy([
      { Dimension: 'starter' },
      { Dimension: 'enterprise', ExpirationDate: seconds(until) },
    ]);
    const { getTenant } = await import('../../../shared/tenants/tenants.ts');

    travelTo(until - 1);
    expect((await getTenant(tenantId)).plan).toBe('ENTERPRISE');
    travelTo(until);
    expect((await getTenant(tenantId)).plan).toBe('STARTER');

    travelTo(until + 2 * minute);
    await sweep();
    expect(await tenantItem(tenantId)).not.toHaveProperty('plan_until');
    expect(await planOf(tenantId)).toBe('STARTER');
  });

  it('counts again when AWS has extended it by then', async () => {
    travelTo(Date.parse('2026-11-20T12:00:00Z'));
    const until = Date.now() + 3 * hour;
    const { agreement, tenantId } = await buy([
      { Dimension: 'pro', ExpirationDate: seconds(until) },
    ]);

    travelTo(until + 2 * minute);
    granted.set(agreement.licenseArn, [{ Dimension: 'pro', ExpirationDate: seconds(until + day) }]);
    await sweep();

    expect(await planOf(tenantId)).toBe('PRO');
  });

  it('counts for a license that is renewed until its successor is active', async () => {
    travelTo(Date.parse('2026-11-20T12:00:00Z'));
    const { agreement, tenantId } = await buy([
      { Dimension: 'pro', ExpirationDate: seconds(Date.now() + hour) },
    ]);
    await deliver(agreement.ended('RENEWED', '2026-11-20T13:00:00Z'));
    travel(2 * hour);
    await sweep();
    expect(await planOf(tenantId)).toBe('PRO');

    const next = new Agreement(world, {
      productCode: 'tenantry-demo-contract',
      previousAgreementId: agreement.id,
      intent: 'RENEW',
    });
    granted.set(next.licenseArn, [{ Dimension: 'enterprise' }]);
    await deliver(next.created('2026-11-20T13:00:00Z'));
    await deliver(next.licenseUpdated('2026-11-20T13:01:00Z'));

    expect(await planOf(tenantId)).toBe('ENTERPRISE');
  });
});

describe('when AWS does not answer', () => {
  const down = (): Answer => ({ error: 'InternalServiceErrorException', status: 500 });

  it('an event is taken, comes again, and asks once more', async () => {
    const { agreement, tenantId } = await buy([{ Dimension: 'starter' }]);
    granted.set(agreement.licenseArn, [{ Dimension: 'pro' }]);
    const amended = agreement.told('Purchase Agreement Amended', '2026-11-20T12:00:00Z');
    const answer = world.aws?.actions.GetEntitlements;

    world.awsAnswers('GetEntitlements', down);
    const first = await deliver(amended);
    expect(first.batchItemFailures).toHaveLength(1);
    expect(await planOf(tenantId)).toBe('STARTER');

    if (answer) world.awsAnswers('GetEntitlements', answer);
    const second = await deliver(amended);
    expect(second.batchItemFailures).toEqual([]);
    expect(await planOf(tenantId)).toBe('PRO');
  });

  it('an end is in force nevertheless', async () => {
    const { agreement, tenantId } = await buy([{ Dimension: 'starter' }]);
    world.awsAnswers('GetEntitlements', down);
    world.awsAnswers('DescribeAgreement', down);

    await deliver(agreement.ended('CANCELLED'));

    expect(await licenseOf(agreement)).toMatchObject({ status: 'ENDED' });
    expect((await tenantItem(tenantId))?.subscription).toBe('ENDED');
  });

  it.each([
    ['fails', down],
    ['hangs up', (): Answer => ({ hangUp: true })],
    ['refuses', (): Answer => ({ error: 'AccessDeniedException' })],
  ])(
    'a registration succeeds where AWS %s, and what was not read is made up for',
    async (_, fault) => {
      const agreement = purchaseOf();
      granted.set(agreement.licenseArn, [{ Dimension: 'pro' }]);
      await deliver(agreement.created(), agreement.licenseUpdated());
      const answer = world.aws?.actions.GetEntitlements;
      world.awsAnswers('GetEntitlements', fault);

      const { tenant_id } = await agreement.register();
      expect(await planOf(tenant_id)).toBeNull();

      if (answer) world.awsAnswers('GetEntitlements', answer);
      travel(15 * minute);
      await sweep();
      expect(await planOf(tenant_id)).toBe('PRO');
    },
  );

  it('the run postpones what failed, does the others, and fails only where AWS answers none', async () => {
    travelTo(Date.parse('2027-06-01T12:00:00Z'));
    await sweep().catch(() => undefined);
    const [bad, good] = [
      await buy([{ Dimension: 'starter' }]),
      await buy([{ Dimension: 'starter' }]),
    ];
    granted.set(good.agreement.licenseArn, [{ Dimension: 'pro' }]);
    const answer = world.aws?.actions.GetEntitlements;
    const isBad = (input: Record<string, unknown>) =>
      JSON.stringify(input).includes(bad.agreement.licenseArn);
    world.awsAnswers('GetEntitlements', (input) =>
      isBad(input) ? down() : (answer?.(input) ?? down()),
    );

    travel(day + minute);
    const output = await outputOf(sweep);
    expect(await planOf(good.tenantId)).toBe('PRO');
    expect(logLines(output)).toContainEqual(
      expect.objectContaining({ message: 'entitlements_unread', level: 'WARN' }),
    );

    world.awsAnswers('GetEntitlements', down);
    travel(hour + minute);
    await expect(sweep()).rejects.toThrow('AWS Marketplace answered for none of');
  });
});

describe('the run of a day', () => {
  it('stops when its time is over, and the next run goes on', async () => {
    travelTo(Date.parse('2029-01-01T00:00:00Z'));
    await sweep().catch(() => undefined);
    for (let index = 0; index < 6; index += 1) await buy([{ Dimension: 'pro' }]);
    const { refreshDueEntitlements } = await import('../../../shared/marketplace/entitlements.ts');
    travel(day + minute);
    asked = [];

    const first = await refreshDueEntitlements({ hasTime: () => false, pageSize: 2 });
    expect(first).toMatchObject({ isComplete: false });
    expect(first.refreshed).toBeLessThan(6);
    await sweep();

    expect(asked.length).toBeGreaterThanOrEqual(6);
    expect(new Set(asked.map((input) => JSON.stringify(input))).size).toBe(asked.length);
  });

  it('asks no more for a license that has ended', async () => {
    travelTo(Date.parse('2030-01-01T00:00:00Z'));
    await sweep().catch(() => undefined);
    const { agreement } = await buy([{ Dimension: 'pro' }]);
    await deliver(agreement.ended('CANCELLED', '2030-01-01T01:00:00Z'));
    travel(2 * day);
    await sweep();

    const lookup = (await allItems()).find(({ pk }) => pk === `LICENSE#${agreement.licenseId}`);
    expect(lookup).not.toHaveProperty('series_pk');
  });
});

describe('a free trial', () => {
  const trial = (startTime: string, duration: string) => {
    world.awsAnswers('DescribeAgreement', () => ({
      members: { startTime: seconds(Date.parse(startTime)) },
    }));
    world.awsAnswers('GetAgreementTerms', ({ nextToken }) => ({
      members: nextToken
        ? { acceptedTerms: [{ freeTrialPricingTerm: { type: 'FreeTrialPricingTerm', duration } }] }
        : { acceptedTerms: [], nextToken: 'more' },
    }));
  };

  it.each([
    ['P14D', '2026-12-04T10:00:00.000Z'],
    ['P1M', '2026-12-20T10:00:00.000Z'],
    ['P1Y2W', '2027-12-04T10:00:00.000Z'],
    ['as the offer says', null],
  ])(
    'of %s is known by the terms of its agreement, before and after the registration',
    async (duration, end) => {
      trial('2026-11-20T10:00:00Z', duration);
      const [before, after] = [purchaseOf('tenantry-demo'), purchaseOf('tenantry-demo')];

      await deliver(before.created(), before.licenseUpdated());
      await before.register();
      await after.register();
      await deliver(after.created(), after.licenseUpdated());

      for (const agreement of [before, after])
        expect(await licenseOf(agreement)).toMatchObject({
          is_free_trial: true,
          trial_ends_at: end,
        });
    },
  );

  it('and the end of the agreement are asked for once, and again when it is amended', async () => {
    world.awsAnswers('DescribeAgreement', () => ({
      members: { endTime: seconds(Date.parse('2027-11-20T10:00:00Z')) },
    }));
    const agreement = purchaseOf('tenantry-demo');
    await agreement.register();
    const before = world.aws?.calls.filter((name) => name === 'DescribeAgreement').length ?? 0;

    await deliver(agreement.licenseUpdated());
    await deliver(agreement.licenseUpdated('2026-11-20T10:05:00Z'));
    expect(await licenseOf(agreement)).toMatchObject({ ends_at: '2027-11-20T10:00:00.000Z' });
    world.awsAnswers('DescribeAgreement', () => ({
      members: { endTime: seconds(Date.parse('2028-11-20T10:00:00Z')) },
    }));
    await deliver(agreement.told('Purchase Agreement Amended', '2026-11-20T12:00:00Z'));

    expect(await licenseOf(agreement)).toMatchObject({ ends_at: '2028-11-20T10:00:00.000Z' });
    const calls = world.aws?.calls.filter((name) => name === 'DescribeAgreement').length;
    expect(calls).toBe(before + 2);
  });

  it('that AWS does not tell of now is asked for when the event comes again, and access waits for nothing', async () => {
    const agreement = purchaseOf('tenantry-demo');
    await agreement.register();
    const updated = agreement.licenseUpdated();
    world.awsAnswers('GetAgreementTerms', () => ({
      error: 'InternalServerException',
      status: 500,
    }));

    expect((await deliver(updated)).batchItemFailures).toHaveLength(1);
    expect(await licenseOf(agreement)).toMatchObject({ status: 'ACTIVE', is_free_trial: false });

    trial('2026-11-20T10:00:00Z', 'P14D');
    expect((await deliver(updated)).batchItemFailures).toEqual([]);
    expect(await licenseOf(agreement)).toMatchObject({ is_free_trial: true });
  });

  it('is not asked for where AWS does not know the agreement', async () => {
    world.awsAnswers('DescribeAgreement', () => ({ error: 'ResourceNotFoundException' }));
    const agreement = purchaseOf('tenantry-demo');
    await agreement.register();

    expect((await deliver(agreement.licenseUpdated())).batchItemFailures).toEqual([]);
    expect(await licenseOf(agreement)).toMatchObject({ status: 'ACTIVE', is_free_trial: false });
  });
});

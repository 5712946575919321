import {
  MarketplaceMeteringClient,
  ResolveCustomerCommand,
} from '@aws-sdk/client-marketplace-metering';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PurchaseRequest } from '../../../../local/aws/marketplace/agreements.ts';
import { startCloud } from '../../../../local/cloud.ts';
import { type miniResources, writeMiniAssembly } from '../../mini-assembly.ts';
import { useMiniCloud } from '../../mini-cloud.ts';

/** A rule that hands the marketplace's events to a function by a queue. */
function withRule(resources: ReturnType<typeof miniResources>): void {
  const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
  Object.assign(resources, {
    Events: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 5 } },
    EventsRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: { source: ['aws.agreement-marketplace'] },
        Targets: [{ Id: 'Events', Arn: arnOf('Events') }],
      },
    },
    EventsSource: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: arnOf('Events'), FunctionName: { Ref: 'Take' } },
    },
    TakePolicy: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        Roles: [{ Ref: 'Role' }],
        PolicyDocument: {
          Statement: [{ Effect: 'Allow', Action: 'sqs:*', Resource: arnOf('Events') }],
        },
      },
    },
  });
}

const mini = useMiniCloud({}, withRule);
let metering: MarketplaceMeteringClient;

const clientOf = (endpoint: string, options: object = {}) =>
  new MarketplaceMeteringClient({
    endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    ...options,
  });
const resolve = (token: string) =>
  metering.send(new ResolveCustomerCommand({ RegistrationToken: token }));
const buy = (request: object = {}) =>
  mini.cloud.marketplace.purchase(PurchaseRequest.parse(request));

beforeAll(() => {
  metering = clientOf(mini.cloud.endpoints.marketplace);
});
afterEach(() => {
  vi.useRealTimers();
  mini.cloud.marketplace.faults.change({ apis: null });
});
afterAll(() => metering.destroy());

describe('AWS Marketplace', () => {
  it('resolves a registration token as often as it is asked, to the purchase', async () => {
    const { token, license_arn, account_id, agreement_id } = buy({ account_id: '444455556666' });
    expect(license_arn).toMatch(/^arn:aws:license-manager::294406891311:license:l-[0-9a-f]{32}$/);
    expect(agreement_id).toMatch(/^agmt-[0-9a-z]+$/);
    expect(account_id).toBe('444455556666');

    for (let i = 0; i < 2; i++) {
      expect(await resolve(token)).toEqual({
        $metadata: expect.anything(),
        CustomerAWSAccountId: '444455556666',
        LicenseArn: license_arn,
        ProductCode: 'tenantry-demo',
      });
    }
  });

  it('sells the same account another agreement, and opens one again by a fresh token', async () => {
    const [first, second] = [buy(), buy()];
    expect(first.license_arn).not.toBe(second.license_arn);

    const again = mini.cloud.marketplace.setUpAgain(first.license_arn);

    expect(again?.token).not.toBe(first.token);
    expect((await resolve(again?.token ?? '')).LicenseArn).toBe(first.license_arn);
    expect(mini.cloud.marketplace.setUpAgain('arn:of:nothing')).toBeUndefined();
  });

  it('knows no other tokens, and these for four hours', async () => {
    await expect(resolve('nonsense')).rejects.toMatchObject({
      name: 'InvalidTokenException',
      $metadata: { httpStatusCode: 400 },
    });

    const { token } = buy();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 4 * 60 * 60 * 1000 - 60_000 });
    expect((await resolve(token)).ProductCode).toBe('tenantry-demo');
    vi.setSystemTime(Date.now() + 61_000);
    await expect(resolve(token)).rejects.toMatchObject({
      name: 'ExpiredTokenException',
      $metadata: { httpStatusCode: 400 },
    });
    vi.useRealTimers();
    await expect(resolve(buy({ token_ttl_seconds: 0 }).token)).rejects.toMatchObject({
      name: 'ExpiredTokenException',
    });
  });

  it.each([
    ['throttling', 'ThrottlingException', 400],
    ['internal_error', 'InternalServiceErrorException', 500],
    ['disabled_api', 'DisabledApiException', 400],
    ['access_denied', 'AccessDeniedException', 400],
  ] as const)(
    'can be told to fail with %s, for so many calls',
    async (error, name, httpStatusCode) => {
      const { token } = buy();
      mini.cloud.marketplace.faults.change({ apis: { ResolveCustomer: { error, times: 1 } } });

      await expect(resolve(token)).rejects.toMatchObject({ name, $metadata: { httpStatusCode } });
      expect((await resolve(token)).ProductCode).toBe('tenantry-demo');
    },
  );

  it('can be told not to answer', async () => {
    const { token } = buy();
    mini.cloud.marketplace.faults.change({
      apis: { ResolveCustomer: { error: 'timeout', times: null } },
    });
    const impatient = clientOf(mini.cloud.endpoints.marketplace, {
      requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true },
    });

    await expect(
      impatient.send(new ResolveCustomerCommand({ RegistrationToken: token })),
    ).rejects.toMatchObject({ name: 'TimeoutError' });
    impatient.destroy();
  });

  it('hands events by the rules of the template to functions, before an advance is over', async () => {
    const { agreement_id } = buy();
    await mini.cloud.clock.advance(1);
    mini.cloud.clearLogs();

    mini.cloud.marketplace.agreements.end(
      mini.cloud.marketplace.agreements.find(agreement_id) ?? expect.unreachable(),
      'cancel',
    );
    await mini.cloud.clock.advance(31);

    const taken = mini.cloud
      .logs()
      .flatMap(({ functionId, line }) =>
        functionId === 'Take' ? [JSON.parse(JSON.parse(line).taken)] : [],
      )
      .filter(({ detail }) => detail.agreement.id === agreement_id);
    expect(taken.map((event) => event['detail-type'])).toEqual([
      'Purchase Agreement Ended - Proposer',
      'License Deprovisioned - Manufacturer',
    ]);
  });

  it('keeps its purchases over a restart', async () => {
    const files = writeMiniAssembly();
    const start = () => startCloud({ port: 0, environment: {}, ...files });
    const before = await start();
    const { token } = before.marketplace.purchase(PurchaseRequest.parse({ product_code: 'other' }));
    await before.stop();

    const after = await start();
    const client = clientOf(after.endpoints.marketplace);
    expect(
      (await client.send(new ResolveCustomerCommand({ RegistrationToken: token }))).ProductCode,
    ).toBe('other');
    client.destroy();
    await after.stop();
    files.remove();
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeAgreementCommand,
  MarketplaceAgreementClient,
} from '@aws-sdk/client-marketplace-agreement';
import {
  GetEntitlementsCommand,
  MarketplaceEntitlementServiceClient,
} from '@aws-sdk/client-marketplace-entitlement-service';
import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
  ResolveCustomerCommand,
} from '@aws-sdk/client-marketplace-metering';
import { expect, it } from 'vitest';
import { onItsOwn } from '../../../../local/aws/aws.ts';
import { Identities } from '../../../../local/aws/iam.ts';
import { startMarketplace } from '../../../../local/aws/marketplace/marketplace.ts';
import { unlisted } from '../../../../local/aws/marketplace/products.ts';
import { Clock } from '../../../../local/runtime/clock.ts';
import { Template } from '../../../../local/template/template.ts';

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

it('a function calls only the operations that its role allows', async () => {
  const template = new Template(
    [
      {
        name: 'Mini',
        parameters: {},
        conditions: {},
        mappings: {},
        outputs: {},
        resources: {
          Role: {
            Type: 'AWS::IAM::Role',
            Properties: {
              Policies: [
                {
                  PolicyDocument: {
                    Statement: [
                      {
                        Effect: 'Allow',
                        Action: [
                          'aws-marketplace:ResolveCustomer',
                          'aws-marketplace:GetEntitlements',
                        ],
                        Resource: '*',
                      },
                    ],
                  },
                },
              ],
            },
          },
          Worker: { Type: 'AWS::Lambda::Function', Properties: { Role: arnOf('Role') } },
        },
      },
    ],
    {},
  );
  const identities = new Identities(template);
  const dataDir = mkdtempSync(join(tmpdir(), 'tenantry-policies-'));
  const clock = new Clock(dataDir);
  const marketplace = startMarketplace({
    dataDir,
    identities,
    clock,
    products: [unlisted('sold')],
    send: async () => undefined,
  });
  const listener = await onItsOwn(marketplace.answer);
  const role = template.ofType('AWS::IAM::Role')[0]?.attribute('Arn') ?? '';
  const options = {
    endpoint: listener.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: identities.issue('Worker', role),
  };
  const metering = new MarketplaceMeteringClient(options);
  const entitlement = new MarketplaceEntitlementServiceClient(options);
  const agreement = new MarketplaceAgreementClient(options);
  const errorOf = (call: Promise<unknown>) =>
    call.then(
      () => 'none',
      (error: Error) => error.name,
    );

  expect({
    ResolveCustomer: await errorOf(
      metering.send(new ResolveCustomerCommand({ RegistrationToken: 'nonsense' })),
    ),
    BatchMeterUsage: await errorOf(metering.send(new BatchMeterUsageCommand({ UsageRecords: [] }))),
    GetEntitlements: await errorOf(
      entitlement.send(new GetEntitlementsCommand({ ProductCode: 'sold' })),
    ),
    DescribeAgreement: await errorOf(
      agreement.send(new DescribeAgreementCommand({ agreementId: 'agmt-1' })),
    ),
  }).toEqual({
    ResolveCustomer: 'InvalidTokenException',
    BatchMeterUsage: 'AccessDeniedException',
    GetEntitlements: 'none',
    DescribeAgreement: 'AccessDeniedException',
  });

  for (const client of [metering, entitlement, agreement]) client.destroy();
  await listener.stop();
  marketplace.stop();
  clock.stop();
  rmSync(dataDir, { recursive: true });
});

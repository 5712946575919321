import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contextExamples } from '../../../infra/context.ts';
import { build, onlyResource, resourcesOf, synthesize, type Template } from '../templates.ts';

const { eventBusArn, sellerAccount } = contextExamples;

describe('what AWS Marketplace tells', () => {
  it('reaches the queue by a rule, and what cannot be sent its dead letters', () => {
    const { api } = synthesize({ stage: 'prod' });

    const rules = resourcesOf(api, 'AWS::Events::Rule').filter(([, { Properties }]) =>
      Properties.EventPattern?.source.includes('aws.agreement-marketplace'),
    );

    expect(rules).toHaveLength(1);
    const [id, { Properties }] = rules[0] ?? ['', { Properties: {} }];
    expect(Properties.EventPattern).toEqual({ source: ['aws.agreement-marketplace'] });
    const [target] = Properties.Targets;
    const queueOf = (arn: { 'Fn::GetAtt': string[] }) => arn['Fn::GetAtt'][0];
    const senders = resourcesOf(api, 'AWS::SQS::QueuePolicy')
      .filter(([, policy]) => JSON.stringify(policy).includes(id))
      .map(([, policy]) => policy.Properties.Queues[0].Ref);
    expect(senders.sort()).toEqual(
      [queueOf(target.Arn), queueOf(target.DeadLetterConfig.Arn)].sort(),
    );
  });

  it('is sent on from us-east-1 where the product is elsewhere', () => {
    const app = build({ stage: 'prod', eventBusArn }, { isValidated: false }).synth();
    const name = 'Tenantry-prod-MarketplaceEvents';
    const template: Template = JSON.parse(
      readFileSync(join(app.directory, `${name}.template.json`), 'utf8'),
    );

    const rule = onlyResource(template, 'AWS::Events::Rule');

    expect(app.getStackByName(name).environment.region).toBe('us-east-1');
    expect(rule.Properties.Targets).toMatchObject([{ Arn: eventBusArn }]);
    const role = onlyResource(template, 'AWS::IAM::Role');
    expect(role.Properties.Policies[0].PolicyDocument.Statement).toEqual([
      { Action: 'events:PutEvents', Effect: 'Allow', Resource: eventBusArn },
    ]);
  });

  it('may come from the account that sells, and from no other', () => {
    const { api } = synthesize({ stage: 'prod', sellerAccount });

    expect(onlyResource(api, 'AWS::Events::EventBusPolicy').Properties).toMatchObject({
      Action: 'events:PutEvents',
      Principal: sellerAccount,
    });
    const { api: plain } = synthesize({ stage: 'prod' });
    expect(resourcesOf(plain, 'AWS::Events::EventBusPolicy')).toEqual([]);
  });
});

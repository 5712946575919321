import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { contextExamples, optionsOf } from '../../infra/context.ts';

describe('the context', () => {
  it('says dev where it says nothing, and never a stage that does not exist', () => {
    expect(optionsOf({}).stage).toBe('dev');
    expect(optionsOf({ stage: 'prod', alarmEmail: 'a@example.com' })).toMatchObject({
      stage: 'prod',
      alarmEmail: 'a@example.com',
    });
    for (const stage of ['local', 'test', '', 'PROD', 1])
      expect(() => optionsOf({ stage })).toThrow(/Unknown stage .* -c stage=dev or -c stage=prod/);
  });

  it('has a domain with its certificate, or neither', () => {
    const { domainName, certificateArn } = contextExamples;

    expect(optionsOf({ domainName, certificateArn }).domain).toEqual({
      name: domainName,
      certificateArn,
    });
    expect(() => optionsOf({ domainName })).toThrow(/needs both/);
    expect(() => optionsOf({ certificateArn })).toThrow(/needs both/);
  });

  it.each([
    { eventBusArn: 'default' },
    { eventBusArn: 'arn:aws:sqs:eu-west-1:111122223333:queue' },
    { sellerAccount: '12' },
    { sellerAccount: 'arn:aws:iam::444455556666:root' },
  ])('refuses %j', (context) => {
    expect(() => optionsOf(context)).toThrow(/is not/);
  });

  it.each(['stgae', 'Stage', 'alarm-email', 'alarmemail', 'domain', '__proto__', 'toString'])(
    'refuses %s, which is mistyped, in one line',
    (name) => {
      const typed: Record<string, unknown> = JSON.parse(`{"${name}":"prod"}`);

      expect(() => optionsOf(typed)).toThrow(
        new Error(
          `Unknown context "${name}": -c takes stage, alarmEmail, domainName, certificateArn, eventBusArn, sellerAccount`,
        ),
      );
    },
  );

  it('lets everything pass that is the CDK’s own', () => {
    const ofCdk = {
      ...cdkJson.context,
      ...new App({ context: cdkJson.context }).node.getAllContext(),
      'aws:cdk:bundling-stacks': ['**'],
      'aws:cdk:version-reporting': false,
      'acknowledged-issue-numbers': [1],
      'cli-telemetry': false,
      'availability-zones:account=111122223333:region=us-east-1': ['us-east-1a'],
    };

    expect(optionsOf({ ...ofCdk, stage: 'prod' }).stage).toBe('prod');
  });

  it('is listed in the README, name by name', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, table = ''] = /\| Context \|.*\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(readme) ?? [];
    const names = table.split('\n').flatMap((row) => (row.split('|')[1] ?? '').match(/\w+/g) ?? []);

    expect(names).toEqual(Object.keys(contextExamples));
  });
});

import { describe, expect, it } from 'vitest';
import { packagesUsedBy } from '../packages.ts';
import { resourcesOf, synthesize } from '../templates.ts';

const reaching = ['WebhooksCreate', 'WebhooksDeliver', 'WebhooksUpdate'];

describe('deliveries to webhooks', () => {
  it('take a bounded part of the concurrency of the account', () => {
    const { api } = synthesize({ stage: 'prod' });
    const sources = resourcesOf(api, 'AWS::Lambda::EventSourceMapping')
      .map(([, { Properties }]) => Properties)
      .filter(({ FunctionName }) => FunctionName.Ref === 'WebhooksDeliver');

    expect(sources).toMatchObject([{ ScalingConfig: { MaximumConcurrency: 50 } }]);
  });
});

describe('the worker of deliveries', () => {
  it('queues its own next step, and is not stopped as a runaway', () => {
    const { api } = synthesize({ stage: 'prod' });

    expect(api.Resources.WebhooksDeliver?.Properties.RecursiveLoop).toBe('Allow');
  });
});

describe('private addresses of webhooks (check 72)', () => {
  it.each(['dev', 'prod'] as const)('are refused in stage %s, whatever is configured', (stage) => {
    const { api } = synthesize({ stage });
    const settings = resourcesOf(api, 'AWS::Lambda::Function').flatMap(([id, { Properties }]) => {
      const value = Properties.Environment.Variables.WEBHOOK_ALLOW_PRIVATE;
      return value === undefined ? [] : [[id, value]];
    });

    expect(Object.keys(api.Parameters ?? {})).not.toContain('WebhookAllowPrivate');
    expect(settings.sort()).toEqual(reaching.map((id) => [id, 'false']));
  });

  it('are a setting on one machine', () => {
    const { api } = synthesize({ stage: 'local' });

    expect(api.Parameters?.WebhookAllowPrivate).toMatchObject({ Default: 'true' });
  });
});

describe('the bundle of the list of webhooks', () => {
  it('has nothing of what checks addresses, seals secrets and queues', async () => {
    const clients = /^(ipaddr\.js|jose|aws4fetch|@aws-sdk\/client-(sqs|kms))$/;

    expect((await packagesUsedBy('webhooks/list')).filter((name) => clients.test(name))).toEqual(
      [],
    );
  }, 30_000);
});

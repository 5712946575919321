import { beforeAll, describe, expect, it } from 'vitest';
import { rings, type Values } from '../alarms.ts';
import { packagesUsedBy } from '../packages.ts';
import { onlyResource, resourcesOf, synthesize, type Templates } from '../templates.ts';

let templates: Templates;
beforeAll(() => {
  templates = synthesize({ stage: 'prod' });
});

describe('an alarm on a share', () => {
  it.each<[string, Values, boolean]>([
    ['no calls', {}, false],
    ['all answered', { 'SellerCalls ozon answered': 100 }, false],
    ['few calls', { 'SellerCalls ozon no_answer': 19 }, false],
    ['no answers', { 'SellerCalls ozon no_answer': 20 }, true],
    ['refused keys', { 'SellerCalls ozon refused': 50, 'SellerCalls ozon no_answer': 20 }, false],
    ['limits', { 'SellerCalls ozon rate_limited': 100 }, false],
  ])('of calls to a seller API: %s', (_, values, expected) => {
    expect(rings(templates, 'SellerFailuresOzon', values)).toBe(expected);
  });
});

describe('the key of seller credentials', () => {
  it('is one of KMS, which rotates and outlives the stack (check 69)', () => {
    const { Properties, DeletionPolicy } = onlyResource(templates.data, 'AWS::KMS::Key');
    const rules = resourcesOf(templates.api, 'AWS::Events::Rule').map(
      ([, rule]) => rule.Properties,
    );

    expect(Properties).toMatchObject({ EnableKeyRotation: true, RotationPeriodInDays: 90 });
    expect(DeletionPolicy).toBe('Retain');
    expect(rules).toContainEqual(
      expect.objectContaining({
        ScheduleExpression: 'rate(1 day)',
        Targets: [
          expect.objectContaining({ Arn: { 'Fn::GetAtt': ['ChannelsRewrapCredentials', 'Arn'] } }),
        ],
      }),
    );
  });
});

describe('the functions of seller credentials', () => {
  it('get the settings they read and no others', () => {
    const settingsOf = (id: string) =>
      Object.keys(templates.api.Resources[id]?.Properties.Environment.Variables).sort();
    const every = [
      'POWERTOOLS_LOG_LEVEL',
      'POWERTOOLS_METRICS_NAMESPACE',
      'POWERTOOLS_SERVICE_NAME',
    ];

    expect(settingsOf('ChannelsUpdateCredentials')).toEqual(
      [
        ...every,
        'CREDENTIALS_KEY_ID',
        'LIMITS_MULTIPLIER',
        'SEALING_KEY_SECRET',
        'OZON_URL',
        'TABLE_NAME',
        'WILDBERRIES_URL',
      ].sort(),
    );
    expect(settingsOf('ChannelsGetCredentials')).toEqual([...every, 'TABLE_NAME']);
  });

  it('find the seller APIs where a deployment says', () => {
    expect(templates.api.Parameters).toMatchObject({
      OzonUrl: { Default: 'https://api-seller.ozon.ru' },
      WildberriesUrl: { Default: 'https://{host}.wildberries.ru' },
    });
  });
});

describe('the bundle that shows credentials', () => {
  it('has nothing of what seals them', async () => {
    expect((await packagesUsedBy('channels/get-credentials')).join()).not.toMatch(
      /client-kms|jose/,
    );
  }, 30_000);
});

import { beforeAll, describe, expect, it } from 'vitest';
import { constructIdOf } from '../../infra/function.ts';
import { authorizer, fallback } from '../../shared/contract/background.ts';
import type { Endpoint } from '../../shared/contract/endpoint.ts';
import { endpoints, endpointsOf, queues, workers } from '../../shared/contract/registry.ts';
import { sealingKeySecret } from '../../shared/contract/secrets.ts';
import { parameterName } from '../../shared/contract/settings.ts';
import { features } from '../../shared/features.ts';
import { userPartition } from '../../shared/identity/keys.ts';
import { tenantPartition } from '../../shared/tenants/keys.ts';
import {
  onlyResource,
  type Resource,
  resourcesOf,
  synthesize,
  type Template,
  type Templates,
} from './templates.ts';

let templates: Templates;
beforeAll(() => {
  templates = synthesize({ stage: 'prod' });
});

const all = (): Template[] => Object.values(templates);

describe('a deployed stage', () => {
  it.each(['dev', 'prod'] as const)('%s has nothing of the local one', (stage) => {
    const text = JSON.stringify(synthesize({ stage }));
    const names = ['no queue', ...queues.keys()];

    expect(text).not.toMatch(
      new RegExp(`["/]dev/(?!signing|verification|sealing|origin|(?:${names.join('|')})")|_local`),
    );
    for (const { id, paths, localOnly } of endpoints)
      if (localOnly)
        for (const word of [constructIdOf(id), paths[0]]) expect(text, id).not.toContain(word);
  });

  it('has every other endpoint, and the local stage has all', () => {
    const functionIds = (template: Template) =>
      resourcesOf(template, 'AWS::Lambda::Function')
        .map(([id]) => id)
        .sort();
    const idsOf = (list: readonly Endpoint[]) =>
      [...list, authorizer, fallback, ...workers].map(({ id }) => constructIdOf(id)).sort();

    expect(functionIds(templates.api)).toEqual(idsOf(endpointsOf('prod')));
    expect(functionIds(synthesize({ stage: 'local' }).api)).toEqual(idsOf(endpoints));
  });

  it('stays below the 500 resources of a stack with 100 endpoints', () => {
    const extra = Array.from(
      { length: 100 - endpointsOf('prod').length },
      (_, number): Endpoint => ({
        id: `extra/endpoint-${number}`,
        method: 'GET',
        paths: [`/api/v1/extra/${number}`],
        tag: 'extra',
        summary: 'One more',
        access: { kind: 'bearer', roles: ['owner'] },
        responses: { 204: { description: 'Done' } },
        table: [
          [tenantPartition, ['BatchGetItem']],
          [userPartition, ['BatchGetItem']],
        ],
        secrets: [sealingKeySecret],
      }),
    );

    const { api } = synthesize({ stage: 'prod', endpoints: [...endpointsOf('prod'), ...extra] });

    expect(resourcesOf(api, 'AWS::Lambda::Function')).toHaveLength(102 + workers.length);
    expect(Object.keys(api.Resources).length).toBeLessThan(500);
    expect(JSON.stringify(api).length).toBeLessThan(1_000_000);
  });
});

describe('the table', () => {
  it('is on demand, encrypted, recoverable, protected from deletion, with expiry and the series index', () => {
    const { Properties, DeletionPolicy } = onlyResource(
      templates.data,
      'AWS::DynamoDB::GlobalTable',
    );

    expect(DeletionPolicy).toBe('Retain');
    expect(Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'series',
          KeySchema: [
            { AttributeName: 'series_pk', KeyType: 'HASH' },
            { AttributeName: 'series_sk', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      Replicas: [
        {
          DeletionProtectionEnabled: true,
          ContributorInsightsSpecification: { Enabled: true, Mode: 'THROTTLED_KEYS' },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
    });
  });
});

describe('keys and secrets', () => {
  it('carry no secret in a template: empty key sets, generated values, references (check 19)', () => {
    const secrets = resourcesOf(templates.data, 'AWS::SecretsManager::Secret').map(
      ([, { Properties }]) => Properties,
    );

    expect(secrets).toHaveLength(4);
    for (const { SecretString, GenerateSecretString } of secrets) {
      if (GenerateSecretString)
        expect(GenerateSecretString.PasswordLength).toBeGreaterThanOrEqual(64);
      else expect(SecretString).toBe('{"keys":[]}');
    }
  });

  it('have the tag by which the rotation command finds them', () => {
    const tags =
      templates.data.Resources[templates.data.Outputs?.SigningKeysSecret?.Value.Ref ?? '']
        ?.Properties.Tags;

    expect(tags).toContainEqual({ Key: 'tenantry:secret', Value: 'prod/signing-keys' });
  });

  it('survive a deletion of the stack', () => {
    for (const [, { DeletionPolicy }] of resourcesOf(
      templates.data,
      'AWS::SecretsManager::Secret',
    )) {
      expect(DeletionPolicy).toBe('Retain');
    }
  });

  it('rotate at once and every 30 days, by a function that only Secrets Manager may invoke for this secret', () => {
    const schedule = onlyResource(templates.data, 'AWS::SecretsManager::RotationSchedule');
    const permission = onlyResource(templates.data, 'AWS::Lambda::Permission').Properties;

    expect(schedule.Properties).toMatchObject({
      RotateImmediatelyOnUpdate: true,
      RotationLambdaARN: { 'Fn::GetAtt': ['KeysRotate', 'Arn'] },
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
    expect(schedule.DependsOn).toEqual(['KeysRotatePermission']);
    expect(permission).toMatchObject({
      Principal: 'secretsmanager.amazonaws.com',
      SourceAccount: { Ref: 'AWS::AccountId' },
      SourceArn: schedule.Properties.SecretId,
    });
  });
});

describe('functions', () => {
  const functions = () =>
    [templates.api, templates.data].flatMap((each) => resourcesOf(each, 'AWS::Lambda::Function'));

  it('run on Node 24, traced, with JSON logs in a group that forgets', () => {
    for (const [id, { Properties }] of functions()) {
      expect(Properties, id).toMatchObject({
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: {
          LogFormat: 'JSON',
          // Anything above would drop the metrics, which are lines without a level.
          ApplicationLogLevel: 'INFO',
          LogGroup: { Ref: expect.any(String) },
        },
        Environment: { Variables: { POWERTOOLS_LOG_LEVEL: { Ref: 'LogLevel' } } },
      });
      const mayTakeLong = [...workers, ...endpoints.filter(({ streams }) => streams)].some(
        (entry) => constructIdOf(entry.id) === id,
      );
      expect(Properties.Timeout, id).toBeLessThan(mayTakeLong ? 901 : 31);
    }
    for (const template of all()) {
      for (const [id, { Properties }] of resourcesOf(template, 'AWS::Logs::LogGroup')) {
        expect(Properties.RetentionInDays, id).toBeGreaterThan(0);
      }
    }
  });

  it('take name, memory and timeout from the contract', () => {
    for (const endpoint of endpointsOf('prod')) {
      const { Properties, Metadata } = templates.api.Resources[
        constructIdOf(endpoint.id)
      ] as Resource;
      expect(Metadata?.['tenantry:function']).toBe(endpoint.id);
      expect(Properties.MemorySize, endpoint.id).toBe(endpoint.memoryMb ?? 512);
      expect(Properties.Timeout, endpoint.id).toBe(endpoint.timeoutSeconds ?? 10);
    }
  });

  it('get the settings they read and no others', () => {
    const settingsOf = (id: string) =>
      Object.keys(templates.api.Resources[id]?.Properties.Environment.Variables).sort();
    const every = [
      'POWERTOOLS_LOG_LEVEL',
      'POWERTOOLS_METRICS_NAMESPACE',
      'POWERTOOLS_SERVICE_NAME',
    ];

    expect(settingsOf('HealthLive')).toEqual(every);
    expect(settingsOf('Authorizer')).toEqual([
      ...every,
      'TOKEN_ISSUER',
      'VERIFICATION_KEYS_SECRET',
    ]);
    expect(settingsOf('TenantsGetMine')).toEqual([...every, 'TABLE_NAME']);
    expect(settingsOf('MarketplaceRegister')).toEqual(
      [
        ...every,
        'LIMITS_MULTIPLIER',
        'MARKETPLACE_REGION',
        'SEALING_KEY_SECRET',
        'SELLER_ROLE_ARN',
        'SIGNING_KEYS_SECRET',
        'SUPPORT_EMAIL',
        'TABLE_NAME',
        'TOKEN_ISSUER',
      ].sort(),
    );
  });

  const parametersOf = ({ data, api }: Templates) =>
    Object.fromEntries(
      Object.entries({ ...data.Parameters, ...api.Parameters }).filter(
        ([name]) => name !== 'BootstrapVersion',
      ),
    );

  it('have settings that a deployment can change, empty only where that means none', () => {
    const defaults = Object.fromEntries(
      Object.entries(parametersOf(synthesize({ stage: 'dev' }))).map(([name, { Default }]) => [
        name,
        Default,
      ]),
    );

    const ofFeatures = features
      .filter(({ isCore }) => !isCore)
      .flatMap(({ settings: own = [] }) => own.map(parameterName));
    for (const name of ofFeatures) {
      expect(defaults[name] ?? 'a setting without a parameter', name).not.toBe('');
      delete defaults[name];
    }
    expect(defaults).toEqual({
      LimitsMultiplier: '1',
      LogLevel: 'INFO',
      MailFrom: '',
      MailName: 'Tenantry',
      MarketplaceRegion: 'us-east-1',
      OperatorEmail: '',
      PublicUrl: '',
      SellerRoleArn: 'none',
      SupportEmail: 'support@example.com',
      TokenAlgorithm: 'ES256',
      TokenIssuer: 'urn:tenantry:dev',
    });
  });

  it('sells no demo product in prod: CloudFormation refuses before it changes anything', () => {
    const rulesOf = ({ api }: Templates) => JSON.stringify(api.Rules ?? {});

    expect(rulesOf(templates)).toContain('shared/marketplace/sold-products.ts sells tenantry-demo');
    expect(rulesOf(synthesize({ stage: 'dev' }))).not.toContain('sold-products');
  });

  it('must be told in prod who helps buyers: CloudFormation refuses to guess', () => {
    const parameters = parametersOf(templates);
    const required = Object.keys(parameters).filter(
      (name) => parameters[name]?.Default === undefined,
    );
    // CloudFormation compares the whole value, before it changes anything.
    const takes = (name: string, value: string) =>
      new RegExp(`^(?:${parameters[name]?.AllowedPattern})$`).test(value);

    expect(required).toEqual(['SupportEmail']);
    for (const address of ['', 'help', 'support@example.com'])
      expect(takes('SupportEmail', address), address).toBe(false);
    for (const address of ['help@example.com', 'support@example.com.au'])
      expect(takes('SupportEmail', address), address).toBe(true);
  });

  it('may be invoked by this API only, by their schedule, and by Secrets Manager for the rotation', () => {
    const permissions = resourcesOf(templates.api, 'AWS::Lambda::Permission')
      .map(([, { Properties }]) => Properties)
      .filter(({ Principal }) => Principal !== 'events.amazonaws.com');
    const workerIds = workers.map(({ id }) => constructIdOf(id));

    const allowed = permissions.map(({ FunctionName }) => FunctionName['Fn::GetAtt'][0]).sort();
    expect(allowed).toEqual(
      resourcesOf(templates.api, 'AWS::Lambda::Function')
        .map(([id]) => id)
        .filter((id) => !workerIds.includes(id))
        .sort(),
    );
    for (const { Principal, SourceArn } of permissions) {
      expect(Principal).toBe('apigateway.amazonaws.com');
      expect(JSON.stringify(SourceArn)).toMatch(/execute-api:.*"Ref":"Api\w+"\}/);
    }
  });
});

describe('the web ACL', () => {
  it('blocks what lacks the secret of CloudFront, and floods of one viewer address', () => {
    const { Rules: rules } = onlyResource(templates.api, 'AWS::WAFv2::WebACL').Properties;
    const origin = onlyResource(
      templates.web,
      'AWS::CloudFront::Distribution',
    ).Properties.DistributionConfig.Origins.find(
      (each: { OriginPath?: string }) => each.OriginPath === '/main',
    );

    const { ByteMatchStatement: match } = rules[0].Statement.NotStatement.Statement;
    expect(match).toMatchObject({
      FieldToMatch: { SingleHeader: { Name: 'x-origin-verify' } },
      PositionalConstraint: 'EXACTLY',
    });
    expect(JSON.stringify(match.SearchString)).toMatch(
      /\{\{resolve:secretsmanager:.*OriginVerify.*:SecretString:::\}\}/,
    );
    expect(origin.OriginCustomHeaders).toEqual([
      { HeaderName: 'x-origin-verify', HeaderValue: match.SearchString },
    ]);
    expect(rules[1]).toMatchObject({
      Action: { Block: {} },
      Statement: {
        RateBasedStatement: {
          Limit: 2000,
          EvaluationWindowSec: 300,
          AggregateKeyType: 'FORWARDED_IP',
          ForwardedIPConfig: { HeaderName: 'x-viewer-address', FallbackBehavior: 'MATCH' },
        },
      },
    });
  });

  it('stands on the stage of the API', () => {
    const { ResourceArn } = onlyResource(templates.api, 'AWS::WAFv2::WebACLAssociation').Properties;

    expect(JSON.stringify(ResourceArn)).toContain('/stages/');
    expect(JSON.stringify(ResourceArn)).toContain(
      resourcesOf(templates.api, 'AWS::ApiGateway::Stage')[0]?.[0],
    );
  });

  it('tells those who go around CloudFront in the shape of every other error', () => {
    const { CustomResponseBodies: bodies, Rules: rules } = onlyResource(
      templates.api,
      'AWS::WAFv2::WebACL',
    ).Properties;

    const response = rules[0].Action.Block.CustomResponse;
    expect(JSON.parse(bodies[response.CustomResponseBodyKey].Content)).toMatchObject({
      type: 'urn:tenantry:problem:forbidden',
      status: response.ResponseCode,
      code: 'forbidden',
    });
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const sub = (id: string) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2015-03-31/functions/\${${id}.Arn}/invocations`,
});

/** An integration that streams. */
const streamed = (id: string, timeoutInMillis = 60_000) => ({
  uri: {
    'Fn::Sub': `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2021-11-15/functions/\${${id}.Arn}/response-streaming-invocations`,
  },
  responseTransferMode: 'STREAM',
  timeoutInMillis,
});

/** Handlers that do what their names say. */
const handlers = {
  Echo: `exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });`,
  Raw: `exports.handler = async (event) => JSON.parse(event.body);`,
  Throws: `exports.handler = async () => { throw new Error('secret detail'); };`,
  Hangs: `exports.handler = () => new Promise(() => {});`,
  Exits: `exports.handler = async () => process.exit(3);`,
  Broken: `throw new Error('does not load');`,
  Huge: `exports.handler = async () => ({ statusCode: 200, body: 'x'.repeat(6 * 1024 * 1024) });`,
  Logs: `exports.handler = async (event) => { console.log('seen', event.path); console.error('bad\\nworse'); return { statusCode: 204 }; };`,
  Env: `exports.handler = async () => ({ statusCode: 200, body: JSON.stringify(process.env) });`,
  Any: `exports.handler = async (event) => ({ statusCode: 405, headers: { Allow: 'GET' }, body: event.httpMethod });`,
  Streams: `
    const put = (stream, text) => new Promise((resolve) => {
      stream.once('close', resolve);
      stream.write(text, resolve);
    });
    const ways = {
      pieces: async (stream) => {
        for (const piece of ['one,', 'zwölf,', 'three']) await put(stream, piece);
        stream.end();
      },
      nothing: async (stream) => { stream.write(''); stream.end(); },
      breaks: async (stream) => { await put(stream, 'one,'); throw new Error('secret detail'); },
      exits: async (stream) => { await put(stream, 'one,'); process.exit(3); },
      endless: async (stream) => {
        for (let piece = 1; !stream.destroyed; piece++) {
          console.log('piece ' + piece);
          await put(stream, 'x'.repeat(64 * 1024));
        }
        console.log('left');
      },
    };
    exports.handler = awslambda.streamifyResponse(async (event, stream) => {
      const head = {
        statusCode: 201,
        headers: { 'Content-Type': 'text/csv', 'X-One': 1, 'WWW-Authenticate': 'Basic' },
        cookies: ['a=1', 'b=2'],
      };
      await ways[event.queryStringParameters.way](awslambda.HttpResponseStream.from(stream, head), event);
    });`,
  Stalls: `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
    awslambda.HttpResponseStream.from(stream, { statusCode: 201 }).write('one,');
    await new Promise(() => {});
  });`,
  Writes: `exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.end(event.body ?? ''); });`,
  Id: `
    const id = Math.random();
    exports.handler = async (event, context) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { statusCode: 200, body: JSON.stringify({ id, requestId: context.awsRequestId, left: context.getRemainingTimeInMillis() }) };
    };`,
  Authorizer: `
    let calls = 0;
    exports.handler = async ({ authorizationToken, methodArn }) => {
      calls++;
      const word = authorizationToken.slice('Bearer '.length);
      if (word === 'unauthorized') throw new Error('Unauthorized');
      if (word === 'fails') throw new Error('no network');
      if (word === 'malformed') return { principalId: 'me' };
      if (word === 'object') return { principalId: 'me', policyDocument: { Statement: [] }, context: { a: {} } };
      const Resource = word === 'narrow' ? methodArn : methodArn.split('/')[0] + '/*';
      const Effect = word === 'deny' ? 'Deny' : 'Allow';
      return {
        principalId: 'me',
        policyDocument: { Version: '2012-10-17', Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }] },
        context: { word, calls, owner: true },
      };
    };`,
  Tick: `
    let ticks = 0;
    exports.handler = async (event) => {
      if (process.env.GREETING === 'fails') throw new Error('no luck');
      console.log(JSON.stringify({ tick: ++ticks, at: new Date().toISOString(), ms: Date.now(), event: event.time }));
      return { statusCode: 200 };
    };`,
  Take: `
    exports.handler = async ({ Records }) => {
      for (const { body } of Records) console.log(JSON.stringify({ taken: body, ms: Date.now() }));
      return { batchItemFailures: [] };
    };`,
  Rotate: `
    const steps = [];
    exports.handler = async (event) => { steps.push(event.Step); console.log(JSON.stringify(event)); };`,
} as const;

export type HandlerName = keyof typeof handlers;

const operation = (id: HandlerName, extra: object = {}, integration: object = {}) => ({
  responses: {},
  'x-amazon-apigateway-integration': {
    type: 'aws_proxy',
    httpMethod: 'POST',
    uri: sub(id),
    ...integration,
  },
  ...extra,
});

const secured = { security: [{ bearer: [] }] };

const apiBody = {
  openapi: '3.0.1',
  info: { title: 'Mini', version: '1' },
  paths: {
    '/echo': {
      get: operation('Echo'),
      post: operation('Echo'),
      'x-amazon-apigateway-any-method': operation('Any'),
    },
    '/echo/fixed': { get: operation('Echo') },
    '/echo/{id}': { get: operation('Echo') },
    '/files/{proxy+}': { get: operation('Echo') },
    '/raw': { post: operation('Raw') },
    '/throws': { get: operation('Throws') },
    '/hangs': { get: operation('Hangs', {}, { timeoutInMillis: 50 }) },
    '/overruns': { get: operation('Hangs') },
    '/exits': { get: operation('Exits') },
    '/broken': { get: operation('Broken') },
    '/huge': { get: operation('Huge') },
    '/stream': { get: operation('Streams', {}, streamed('Streams')) },
    '/stream/written': { post: operation('Writes', {}, streamed('Writes')) },
    '/stream/whole': { get: operation('Any', {}, streamed('Any')) },
    '/stream/throws': { get: operation('Throws', {}, streamed('Throws')) },
    '/stream/hangs': { get: operation('Hangs', {}, streamed('Hangs', 50)) },
    '/stream/overruns': { get: operation('Stalls', {}, streamed('Stalls')) },
    '/stream/buffered': { get: operation('Streams') },
    '/logs': { get: operation('Logs') },
    '/env': { get: operation('Env') },
    '/id': { get: operation('Id') },
    '/me': { get: operation('Echo', secured), post: operation('Echo', secured) },
    '/you': { get: operation('Echo', secured) },
  },
  components: {
    securitySchemes: {
      bearer: {
        type: 'apiKey',
        name: 'Authorization',
        in: 'header',
        'x-amazon-apigateway-authtype': 'custom',
        'x-amazon-apigateway-authorizer': {
          type: 'token',
          authorizerUri: sub('Authorizer'),
          identityValidationExpression: '(?i)^Bearer [a-z]+$',
          authorizerResultTtlInSeconds: 60,
        },
      },
    },
  },
  'x-amazon-apigateway-gateway-responses': {
    UNAUTHORIZED: {
      responseParameters: {
        'gatewayresponse.header.WWW-Authenticate': "'Bearer'",
        'gatewayresponse.header.Content-Type': "'application/problem+json'",
        'gatewayresponse.header.X-Request-Id': 'context.requestId',
        'gatewayresponse.header.X-Asked-As': 'method.request.header.user-agent',
      },
      responseTemplates: {
        'application/json': '{"id":"$context.requestId","message":$context.error.messageString}',
      },
    },
    ACCESS_DENIED: {
      responseTemplates: { 'application/json': '{"word":"$context.authorizer.word"}' },
    },
    MISSING_AUTHENTICATION_TOKEN: { statusCode: '404' },
    DEFAULT_5XX: { responseTemplates: { 'application/json': '{"message":"sorry"}' } },
  },
};

const table = {
  AttributeDefinitions: ['pk', 'sk', 'series_pk', 'series_sk'].map((AttributeName) => ({
    AttributeName,
    AttributeType: 'S',
  })),
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
  TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
};

const leading = (...patterns: string[]) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': patterns },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});

const statements = [
  {
    Effect: 'Allow',
    Action: ['dynamodb:GetItem', 'dynamodb:PutItem'],
    Resource: { 'Fn::GetAtt': ['Table', 'Arn'] },
    Condition: leading('TENANT#?'),
  },
  {
    Effect: 'Allow',
    Action: 'dynamodb:BatchGetItem',
    Resource: { 'Fn::GetAtt': ['Table', 'Arn'] },
    Condition: leading('TENANT#?', 'TENANT#?#*'),
  },
  {
    Effect: 'Allow',
    Action: 'dynamodb:Query',
    Resource: { 'Fn::Sub': `\${Table.Arn}/index/series` },
    Condition: leading('TENANT#?#S'),
  },
  {
    Effect: 'Allow',
    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    Resource: { 'Fn::GetAtt': ['Key', 'Arn'] },
    Condition: {
      'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['tenant_id', 'credential'] },
      StringLike: { 'kms:EncryptionContext:tenant_id': 'tnt_?' },
    },
  },
  { Effect: 'Allow', Action: ['secretsmanager:*'], Resource: { Ref: 'Signing' } },
  { Effect: 'Deny', Action: 'secretsmanager:PutSecretValue', Resource: '*' },
];

function functionResources(assets: ReadonlyMap<string, string>): Record<string, object> {
  const entries = [...assets].flatMap(([id, hash]) => [
    [
      id,
      {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Code: { S3Bucket: 'assets', S3Key: `${hash}.zip` },
          Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
          Timeout: id === 'Streams' ? 60 : 1,
          MemorySize: 256,
          Environment: {
            Variables: { TABLE_NAME: { Ref: 'Table' }, GREETING: { Ref: 'Greeting' } },
          },
        },
      },
    ],
    [
      `${id}Permission`,
      {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Action: 'lambda:InvokeFunction',
          FunctionName: { 'Fn::GetAtt': [id, 'Arn'] },
          Principal: 'apigateway.amazonaws.com',
        },
      },
    ],
  ]);
  return Object.fromEntries(entries);
}

/** The resources of the mini template; tests change what they are about. */
export function miniResources(
  assets: ReadonlyMap<string, string>,
): Record<string, { Type: string; Properties: Record<string, unknown> }> {
  const secret = {
    'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'Origin' }, ':SecretString:::}}']],
  };
  const resources = {
    ...functionResources(assets),
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        Policies: [{ PolicyName: 'grants', PolicyDocument: { Statement: statements } }],
      },
    },
    Table: { Type: 'AWS::DynamoDB::GlobalTable', Properties: table },
    Key: { Type: 'AWS::KMS::Key', Properties: { EnableKeyRotation: true } },
    Signing: { Type: 'AWS::SecretsManager::Secret', Properties: { SecretString: '{"keys":[]}' } },
    Origin: {
      Type: 'AWS::SecretsManager::Secret',
      Properties: { GenerateSecretString: { PasswordLength: 40, ExcludePunctuation: true } },
    },
    Schedule: {
      Type: 'AWS::SecretsManager::RotationSchedule',
      Properties: {
        SecretId: { Ref: 'Signing' },
        RotationLambdaARN: { 'Fn::GetAtt': ['Rotate', 'Arn'] },
        RotationRules: { AutomaticallyAfterDays: 30 },
      },
    },
    Api: {
      Type: 'AWS::ApiGateway::RestApi',
      Properties: { Body: apiBody, MinimumCompressionSize: 1024, BinaryMediaTypes: ['image/*'] },
    },
    Deployment: { Type: 'AWS::ApiGateway::Deployment', Properties: { RestApiId: { Ref: 'Api' } } },
    Stage: {
      Type: 'AWS::ApiGateway::Stage',
      Properties: {
        RestApiId: { Ref: 'Api' },
        DeploymentId: { Ref: 'Deployment' },
        StageName: 'main',
        MethodSettings: [
          { HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 },
        ],
      },
    },
    Acl: {
      Type: 'AWS::WAFv2::WebACL',
      Properties: {
        DefaultAction: { Allow: {} },
        CustomResponseBodies: { no: { ContentType: 'APPLICATION_JSON', Content: '{"no":true}' } },
        Rules: [
          {
            Name: 'origin',
            Priority: 0,
            Action: {
              Block: { CustomResponse: { ResponseCode: 403, CustomResponseBodyKey: 'no' } },
            },
            Statement: {
              NotStatement: {
                Statement: {
                  ByteMatchStatement: {
                    FieldToMatch: { SingleHeader: { Name: 'x-origin' } },
                    PositionalConstraint: 'EXACTLY',
                    SearchString: secret,
                    TextTransformations: [{ Priority: 0, Type: 'NONE' }],
                  },
                },
              },
            },
          },
        ],
      },
    },
    Association: {
      Type: 'AWS::WAFv2::WebACLAssociation',
      Properties: {
        WebACLArn: { 'Fn::GetAtt': ['Acl', 'Arn'] },
        ResourceArn: {
          'Fn::Sub': `arn:\${AWS::Partition}:apigateway:\${AWS::Region}::/restapis/\${Api}/stages/\${Stage}`,
        },
      },
    },
    Site: { Type: 'AWS::S3::Bucket', Properties: {} },
    SiteFiles: {
      Type: 'Custom::CDKBucketDeployment',
      Properties: {
        DestinationBucketName: { Ref: 'Site' },
        SourceObjectKeys: ['site.zip'],
        SystemMetadata: { 'cache-control': 'public, max-age=300' },
      },
    },
    Edge: {
      Type: 'AWS::CloudFront::Function',
      Properties: {
        FunctionConfig: { Runtime: 'cloudfront-js-2.0' },
        FunctionCode: `function handler(event) {
          const request = event.request;
          request.headers['x-viewer'] = { value: event.viewer.ip };
          if (request.uri.endsWith('/') && request.uri !== '/') request.uri = request.uri.slice(0, -1);
          if (request.uri === '/app') request.uri = '/index.html';
          return request;
        }`,
      },
    },
    Headers: {
      Type: 'AWS::CloudFront::ResponseHeadersPolicy',
      Properties: {
        ResponseHeadersPolicyConfig: {
          SecurityHeadersConfig: { FrameOptions: { FrameOption: 'DENY', Override: true } },
        },
      },
    },
    Distribution: {
      Type: 'AWS::CloudFront::Distribution',
      Properties: {
        DistributionConfig: {
          Origins: [
            {
              Id: 'api',
              DomainName: { 'Fn::Sub': `\${Api}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}` },
              OriginPath: '/main',
              OriginCustomHeaders: [{ HeaderName: 'x-origin', HeaderValue: secret }],
            },
            { Id: 'site', DomainName: { 'Fn::GetAtt': ['Site', 'RegionalDomainName'] } },
          ],
          CustomErrorResponses: [404, 500, 502, 503, 504].map((ErrorCode) => ({
            ErrorCode,
            ErrorCachingMinTTL: 0,
          })),
          CacheBehaviors: [
            {
              PathPattern: '/site/*',
              TargetOriginId: 'site',
              CachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
              Compress: true,
            },
            {
              PathPattern: 'app*',
              TargetOriginId: 'site',
              CachePolicyId: '658327ea-f89d-4fab-a63d-7e88639e58f6',
              Compress: true,
              FunctionAssociations: [
                {
                  EventType: 'viewer-request',
                  FunctionARN: { 'Fn::GetAtt': ['Edge', 'FunctionARN'] },
                },
              ],
              ResponseHeadersPolicyId: { Ref: 'Headers' },
            },
          ],
          DefaultCacheBehavior: {
            TargetOriginId: 'api',
            CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
            OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
            AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
            FunctionAssociations: [
              {
                EventType: 'viewer-request',
                FunctionARN: { 'Fn::GetAtt': ['Edge', 'FunctionARN'] },
              },
            ],
          },
        },
      },
    },
  };
  return resources as unknown as Record<
    string,
    { Type: string; Properties: Record<string, unknown> }
  >;
}

export interface MiniAssembly {
  readonly assembly: string;
  readonly dataDir: string;
  remove(): void;
}

/** Writes a cloud assembly of one stack with tiny functions into a temporary folder. */
export function writeMiniAssembly(
  change: (resources: ReturnType<typeof miniResources>) => void = () => {},
): MiniAssembly {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-mini-'));
  const assembly = join(folder, 'cdk.out');
  const files: Record<string, unknown> = {};
  const addAsset = (hash: string, content: Record<string, string>) => {
    files[hash] = { source: { path: `asset.${hash}`, packaging: 'zip' } };
    for (const [name, text] of Object.entries(content)) {
      mkdirSync(join(assembly, `asset.${hash}`), { recursive: true });
      writeFileSync(join(assembly, `asset.${hash}`, name), text);
    }
  };
  const assets = new Map(
    Object.entries(handlers).map(([id, code], index) => {
      const hash = `${index}`.padStart(64, '0');
      addAsset(hash, { 'index.js': code });
      return [id, hash] as const;
    }),
  );
  addAsset('site', {
    'index.html': '<!doctype html><title>Site</title>',
    'big.css': 'a{color:red}\n'.repeat(200),
  });

  const resources = miniResources(assets);
  change(resources);
  const write = (name: string, value: unknown) =>
    writeFileSync(join(assembly, name), JSON.stringify(value));
  write('Mini.template.json', {
    Parameters: {
      Greeting: { Type: 'String', Default: 'hello', AllowedPattern: '[a-z]+' },
      LimitsMultiplier: { Type: 'Number', Default: 1, MinValue: 0.001 },
    },
    Resources: resources,
  });
  write('Mini.assets.json', { files });
  write('manifest.json', {
    artifacts: {
      'Mini.assets': { type: 'cdk:asset-manifest', properties: { file: 'Mini.assets.json' } },
      Mini: {
        type: 'aws:cloudformation:stack',
        properties: { templateFile: 'Mini.template.json' },
      },
    },
  });
  return {
    assembly,
    dataDir: join(folder, 'data'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

import { Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { apiDefinition } from '../../infra/api-definition.ts';
import { constructIdOf } from '../../infra/function.ts';
import { fallback } from '../../shared/contract/background.ts';
import { type Endpoint, gatewayPaths } from '../../shared/contract/endpoint.ts';
import { problemType } from '../../shared/contract/errors.ts';
import { endpoints, endpointsOf, errorKinds } from '../../shared/contract/registry.ts';
import { securityHeaders } from '../../shared/http/reply.ts';
import { onlyResource, resourcesOf, synthesize } from './templates.ts';

interface Operation {
  security?: { bearer: [] }[];
  parameters?: { name: string; in: string }[];
  'x-amazon-apigateway-integration': {
    type: string;
    httpMethod: string;
    uri: { 'Fn::Sub': string };
    responseTransferMode?: string;
    timeoutInMillis?: number;
  };
}

interface GatewayResponse {
  statusCode: string;
  responseParameters: Record<string, string>;
  responseTemplates: Record<string, string>;
}

interface Definition {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: { bearer: Record<string, unknown> } };
  'x-amazon-apigateway-gateway-responses': Record<string, GatewayResponse>;
}

const definitionOf = (list: readonly Endpoint[]): Definition =>
  new Stack().resolve(apiDefinition(list, 'Tenantry-test'));
const definition = definitionOf(endpointsOf('prod'));
const anyMethod = 'x-amazon-apigateway-any-method';
const gatewayReplies = Object.entries(definition['x-amazon-apigateway-gateway-responses']);

const functionOf = (operation: Operation | undefined) =>
  /functions\/\$\{(\w+)\.Arn\}\/(?:response-streaming-)?invocations$/.exec(
    operation?.['x-amazon-apigateway-integration'].uri['Fn::Sub'] ?? '',
  )?.[1];

describe('the routes', () => {
  it('have one name for a parameter in one place, as API Gateway wants it', () => {
    const [a, b] = endpointsOf('prod');
    if (!a || !b) throw new Error('There are no endpoints');

    expect(() =>
      definitionOf([
        { ...a, paths: ['/notes/{id}'] },
        { ...b, paths: ['/notes/{note_id}/tags'] },
      ]),
    ).toThrow('/notes/{note_id}/tags must call its parameter {id}, as other paths below /notes/');
    expect(() =>
      definitionOf([
        { ...a, paths: ['/notes/{id}'] },
        { ...b, paths: ['/notes/me', '/tags/{name}'] },
      ]),
    ).not.toThrow();
  });

  it('are those of the contract, each to its own function', () => {
    const actual = Object.entries(definition.paths).flatMap(([path, item]) =>
      Object.entries(item).map(
        ([method, operation]) => `${method} ${path} -> ${functionOf(operation)}`,
      ),
    );

    const expected = endpointsOf('prod').flatMap((endpoint) =>
      gatewayPaths(endpoint).flatMap((path) => [
        `${endpoint.method.toLowerCase()} ${path} -> ${constructIdOf(endpoint.id)}`,
        `${anyMethod} ${path} -> ${constructIdOf(fallback.id)}`,
      ]),
    );
    expect(actual.sort()).toEqual([...new Set(expected)].sort());
  });

  it('have no trailing slash, since CloudFront folds it', () => {
    for (const path of Object.keys(definition.paths)) expect(path).toMatch(/^\/$|^\/.*[^/]$/);
  });

  it('ask for a token exactly where the contract says bearer', () => {
    for (const endpoint of endpointsOf('prod')) {
      for (const path of gatewayPaths(endpoint)) {
        const operation = definition.paths[path]?.[endpoint.method.toLowerCase()];
        expect(operation?.security, endpoint.id).toEqual(
          endpoint.access.kind === 'bearer' ? [{ bearer: [] }] : undefined,
        );
      }
    }
  });

  it('answer all other methods without a token, so that 405 and a preflight need none (checks 76, 79)', () => {
    for (const item of Object.values(definition.paths))
      expect(item[anyMethod]?.security).toBeUndefined();
  });

  it('name the fallback before the methods, because tools let the last route win', () => {
    for (const item of Object.values(definition.paths))
      expect(Object.keys(item)[0]).toBe(anyMethod);
  });

  const integrationOf = (operation: Operation | undefined) =>
    operation?.['x-amazon-apigateway-integration'];
  const streaming = endpointsOf('prod').filter(({ streams }) => streams);

  it('invoke functions by proxy, with the URI in the one form that other tools resolve too', () => {
    const streamed = streaming.flatMap((endpoint) =>
      gatewayPaths(endpoint).map((path) => definition.paths[path]?.[endpoint.method.toLowerCase()]),
    );
    const operations = Object.values(definition.paths).flatMap((item) => Object.values(item));
    for (const operation of operations.filter((each) => !streamed.includes(each))) {
      expect(integrationOf(operation)).toEqual({
        type: 'aws_proxy',
        httpMethod: 'POST',
        passthroughBehavior: 'when_no_match',
        uri: {
          'Fn::Sub': expect.stringMatching(
            /^arn:\$\{AWS::Partition\}:apigateway:\$\{AWS::Region\}:lambda:path\/2015-03-31\/functions\/\$\{\w+\.Arn\}\/invocations$/,
          ),
        },
      });
    }
  });

  it('stream where the contract says so, by the action of Lambda for it and as long as the function may run', () => {
    for (const { id, method, paths, timeoutSeconds } of streaming) {
      expect(integrationOf(definition.paths[paths[0]]?.[method.toLowerCase()])).toEqual({
        type: 'aws_proxy',
        httpMethod: 'POST',
        passthroughBehavior: 'when_no_match',
        uri: {
          'Fn::Sub': `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/2021-11-15/functions/\${${constructIdOf(id)}.Arn}/response-streaming-invocations`,
        },
        responseTransferMode: 'STREAM',
        timeoutInMillis: 900_000,
      });
      expect(timeoutSeconds).toBe(900);
    }
  });

  it('declare their path parameters', () => {
    expect(definition.paths['/api/v1/api-keys/{id}']?.delete?.parameters).toEqual([
      { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
    ]);
  });

  it('are refused when two endpoints share one', () => {
    const [first] = endpoints;
    if (!first) throw new Error('The contract is empty');

    expect(() => definitionOf([first, { ...first, id: 'another/one' }])).toThrow(
      `Two endpoints answer ${first.method}`,
    );
    expect(() =>
      definitionOf([first, { ...first, id: 'another/one', method: 'DELETE' }]),
    ).not.toThrow();
  });
});

describe('the authorizer', () => {
  const scheme = definition.components.securitySchemes.bearer;
  const settings = scheme['x-amazon-apigateway-authorizer'] as Record<string, string | number>;

  it('reads the Authorization header, and trusts a token no longer than revocation may take (check 66)', () => {
    expect(scheme).toMatchObject({
      type: 'apiKey',
      name: 'Authorization',
      in: 'header',
      'x-amazon-apigateway-authtype': 'custom',
    });
    expect(settings).toMatchObject({ type: 'token' });
    expect(settings.authorizerResultTtlInSeconds).toBeGreaterThan(0);
    expect(settings.authorizerResultTtlInSeconds).toBeLessThanOrEqual(60);
  });

  it.each([
    ['Bearer aaa.bbb.ccc', true],
    ['bearer a-b.c_d.E9', true],
    ['BEARER  a.b.c', true],
    ['a.b.c', false],
    ['Bearer a.b', false],
    ['Bearer a.b.c.d.e', false],
    ['Bearer a.b.', false],
    ['Bearer a.b.c ', false],
    ['Bearer a.b.c=', false],
    ['Bearer a.b.c, Bearer a.b.c', false],
    ['Basic a.b.c', false],
    ['Bearer\ta.b.c', false],
    ['', false],
  ])('lets %j reach its function: %s', (header, reaches) => {
    expect(new RegExp(String(settings.identityValidationExpression)).test(header)).toBe(reaches);
  });
});

describe('the errors that the gateway makes itself (check 73)', () => {
  /** All response types of API Gateway, with the status each must answer here. */
  const statuses: Record<string, number> = {
    ACCESS_DENIED: 403,
    API_CONFIGURATION_ERROR: 500,
    AUTHORIZER_CONFIGURATION_ERROR: 500,
    AUTHORIZER_FAILURE: 500,
    BAD_REQUEST_BODY: 400,
    BAD_REQUEST_PARAMETERS: 400,
    DEFAULT_4XX: 400,
    DEFAULT_5XX: 502,
    EXPIRED_TOKEN: 403,
    INTEGRATION_FAILURE: 504,
    INTEGRATION_TIMEOUT: 504,
    INVALID_API_KEY: 403,
    INVALID_SIGNATURE: 403,
    MISSING_AUTHENTICATION_TOKEN: 404,
    QUOTA_EXCEEDED: 429,
    REQUEST_TOO_LARGE: 413,
    RESOURCE_NOT_FOUND: 404,
    THROTTLED: 429,
    UNAUTHORIZED: 401,
    UNSUPPORTED_MEDIA_TYPE: 415,
    WAF_FILTERED: 429,
  };

  it('are all defined, none left to a default of API Gateway', () => {
    expect(
      Object.fromEntries(
        gatewayReplies.map(([type, { statusCode }]) => [type, Number(statusCode)]),
      ),
    ).toEqual(statuses);
  });

  it.each(gatewayReplies)(
    '%s is problem details whose status is that of the response',
    (_, { statusCode, responseTemplates }) => {
      expect(Object.keys(responseTemplates)).toEqual(['application/json']);
      const problem = JSON.parse(responseTemplates['application/json'] ?? '');

      expect(problem).toEqual({
        type: problemType(problem.code),
        title: expect.stringMatching(/\w/),
        status: Number(statusCode),
        detail: expect.stringMatching(/\.$/),
        code: expect.stringMatching(/^[a-z_]+$/),
        request_id: '$context.requestId',
      });
    },
  );

  it.each(gatewayReplies)(
    '%s says the same as the functions where its code is one of theirs',
    (_, { responseTemplates }) => {
      const problem = JSON.parse(responseTemplates['application/json'] ?? '');
      const kind = errorKinds.get(problem.code);
      if (!kind) return expect(['bad_request', 'bad_gateway', 'timeout']).toContain(problem.code);

      const { status, title } = kind;
      return expect(problem).toMatchObject({ status, title });
    },
  );

  it.each(gatewayReplies)(
    '%s has the headers of every reply (check 79)',
    (_, { responseParameters }) => {
      const headers = Object.fromEntries(
        Object.entries(responseParameters).map(([name, value]) => [
          name.replace('gatewayresponse.header.', ''),
          value,
        ]),
      );

      expect(headers).toMatchObject({
        'content-type': "'application/problem+json'",
        'x-request-id': 'context.requestId',
        ...Object.fromEntries(
          Object.entries(securityHeaders).map(([name, value]) => [name, `'${value}'`]),
        ),
      });
      expect(securityHeaders).toMatchObject({
        'cache-control': 'no-store',
        'strict-transport-security': expect.stringMatching(/^max-age=(?:3153\d{4,}|[4-9]\d{7,})/),
        'x-content-type-options': 'nosniff',
      });
    },
  );

  it('challenge for a token on 401 and tell when to come back on 429 (check 74)', () => {
    for (const [type, { statusCode, responseParameters }] of gatewayReplies) {
      expect(responseParameters['gatewayresponse.header.www-authenticate'], type).toBe(
        statusCode === '401' ? "'Bearer'" : undefined,
      );
      const retryAfter = responseParameters['gatewayresponse.header.retry-after'];
      if (statusCode === '429') expect(retryAfter, type).toMatch(/^'\d+'$/);
      else expect(retryAfter, type).toBeUndefined();
    }
  });
});

describe('the API in the template', () => {
  const { api } = synthesize({ stage: 'dev' });

  it('is regional, compresses, throttles, traces and logs each request as JSON', () => {
    const stage = onlyResource(api, 'AWS::ApiGateway::Stage').Properties;

    expect(onlyResource(api, 'AWS::ApiGateway::RestApi').Properties).toMatchObject({
      EndpointConfiguration: { Types: ['REGIONAL'] },
      MinimumCompressionSize: 1024,
    });
    expect(stage).toMatchObject({
      StageName: 'main',
      TracingEnabled: true,
      MethodSettings: [
        {
          HttpMethod: '*',
          ResourcePath: '/*',
          DataTraceEnabled: false,
          LoggingLevel: 'ERROR',
          MetricsEnabled: true,
          ThrottlingRateLimit: 200,
          ThrottlingBurstLimit: 400,
        },
      ],
    });
  });

  it('logs who and what, but neither addresses nor anything that a client wrote (check 80)', () => {
    const { Format } = onlyResource(api, 'AWS::ApiGateway::Stage').Properties.AccessLogSetting;
    const variables = Object.values(JSON.parse(Format)).map(String);

    expect(variables).toContain('$context.requestId');
    expect(variables).toContain('$context.authorizer.tenant_id');
    for (const variable of variables) {
      expect(variable).toMatch(/^\$context\.[\w.]+$/);
      expect(variable).not.toMatch(/identity|\.path$|querystring|header|domainName/i);
    }
  });

  it('is deployed anew when its definition changes', () => {
    const deploymentOf = (list: readonly Endpoint[]) =>
      resourcesOf(
        synthesize({ stage: 'dev', endpoints: list }).api,
        'AWS::ApiGateway::Deployment',
      )[0]?.[0];
    const list = endpointsOf('dev');

    expect(deploymentOf(list)).toBe(resourcesOf(api, 'AWS::ApiGateway::Deployment')[0]?.[0]);
    expect(deploymentOf(list.slice(1))).not.toBe(deploymentOf(list));
  });
});

import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { apiPathPatterns, maxRequestHeadBytes, maxUriBytes } from '../../infra/edge.ts';
import { headersTooLarge, notFound, uriTooLong } from '../../shared/contract/core-errors.ts';
import { gatewayPaths } from '../../shared/contract/endpoint.ts';
import { type ErrorKind, problemType } from '../../shared/contract/errors.ts';
import { endpointsOf } from '../../shared/contract/registry.ts';
import { onlyResource, resourcesOf, synthesize } from './templates.ts';

const { web } = synthesize({ stage: 'prod' });
const distribution = onlyResource(web, 'AWS::CloudFront::Distribution').Properties
  .DistributionConfig;
const edge = onlyResource(web, 'AWS::CloudFront::Function').Properties;

interface EdgeRequest {
  method: string;
  uri: string;
  headers: Record<string, EdgeValue>;
  querystring: Record<string, EdgeValue>;
}

interface EdgeValue {
  value: string;
  multiValue?: { value: string }[];
}

interface EdgeResponse {
  statusCode: number;
  headers: Record<string, EdgeValue>;
  body: { data: string };
}

/** Runs the function of the template on a request, as CloudFront would. */
function run<T>(
  uri: string,
  { headers = {}, querystring = { a: { value: '1' } } }: Partial<EdgeRequest> = {},
  ip = '198.51.100.7',
): T {
  const event = {
    context: { requestId: 'the-id' },
    viewer: { ip },
    request: { method: 'GET', uri, headers, querystring, cookies: {} },
  };
  const context = createContext({ event });
  runInContext(edge.FunctionCode, context);
  return runInContext('handler(event)', context);
}

/** The request as the function lets it go on. */
const visit = (uri: string, headers: EdgeRequest['headers'] = {}, ip?: string): EdgeRequest =>
  run(uri, { headers }, ip);

/** Whether CloudFront's behaviour for a path pattern takes a path. */
const matches = (pattern: string, path: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(path);

describe('the behaviours', () => {
  const toApi = distribution.CacheBehaviors.map(
    ({ PathPattern }: { PathPattern: string }) => PathPattern,
  );

  it('send every path of the contract to the API, with and without a trailing slash', () => {
    for (const path of endpointsOf('prod').flatMap(gatewayPaths)) {
      for (const variant of path === '/' ? [path] : [path, `${path}/`]) {
        expect(
          toApi.some((pattern: string) => matches(pattern, variant.replace('{id}', 'key_1'))),
          variant,
        ).toBe(true);
      }
    }
  });

  it('send every unknown path below the first segment of a known one there, too', () => {
    const first = endpointsOf('prod')
      .flatMap(gatewayPaths)
      .map((path) => path.split('/')[1]);

    for (const segment of new Set(first.filter(Boolean))) {
      for (const path of [`/${segment}`, `/${segment}/`, `/${segment}/unknown/path`])
        expect(
          toApi.some((pattern: string) => matches(pattern, path)),
          path,
        ).toBe(true);
    }
  });

  it('leave the pages and files of the web app to the bucket', () => {
    const pages = Object.values(
      import.meta.glob<string>(['../../web/**/*.ts', '!../../web/app/api.ts'], {
        query: '?raw',
        import: 'default',
        eager: true,
      }),
    ).flatMap((source) =>
      [...source.matchAll(/^ *path: '(\/(?!api\/)[^']+)'/gm)].map(([, path = '']) => path),
    );
    expect(pages).toContain('/api-keys');
    for (const path of [
      ...pages,
      '/welcome',
      '/sign-in',
      '/main.js',
      '/main.css',
      '/style.css',
      '/assets/docs.js',
      '/assets/swagger/swagger-ui.css',
      '/marketplace-guide',
      '/docsets',
    ]) {
      expect(
        toApi.filter((pattern: string) => matches(pattern, path)),
        path,
      ).toEqual([]);
    }
  });

  it('are few enough for a distribution, and those of the local stage only there', () => {
    expect(toApi.length).toBeLessThan(25);
    expect(apiPathPatterns(endpointsOf('prod'))).not.toContain('/dev/*');
    expect(apiPathPatterns(endpointsOf('local'))).toContain('/dev/*');
  });

  it('pass everything of an API request on, uncached, and refuse plain HTTP', () => {
    const cachingDisabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
    const allViewerExceptHost = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';
    for (const behaviour of distribution.CacheBehaviors) {
      expect(behaviour).toMatchObject({
        AllowedMethods: expect.arrayContaining([
          'GET',
          'POST',
          'PATCH',
          'PUT',
          'DELETE',
          'OPTIONS',
          'HEAD',
        ]),
        CachePolicyId: cachingDisabled,
        OriginRequestPolicyId: allViewerExceptHost,
        ViewerProtocolPolicy: 'https-only',
      });
    }
    expect(distribution.DefaultCacheBehavior.ViewerProtocolPolicy).toBe('redirect-to-https');
  });

  it('keep no error: not one that CloudFront would keep by itself', () => {
    expect(distribution.CustomErrorResponses).toEqual(
      [404, 414, 500, 501, 502, 503, 504].map((ErrorCode) => ({
        ErrorCode,
        ErrorCachingMinTTL: 0,
      })),
    );
  });

  it('wait for an API that is silent for a while, as a stream may be', () => {
    const api = distribution.Origins.find(
      ({ CustomOriginConfig }: { CustomOriginConfig?: object }) => Boolean(CustomOriginConfig),
    );

    expect(api.CustomOriginConfig.OriginReadTimeout).toBe(120);
  });

  it('all run the one edge function, and compress', () => {
    for (const behaviour of [distribution.DefaultCacheBehavior, ...distribution.CacheBehaviors]) {
      expect(behaviour.Compress).toBe(true);
      expect(behaviour.FunctionAssociations).toEqual([
        {
          EventType: 'viewer-request',
          FunctionARN: {
            'Fn::GetAtt': [resourcesOf(web, 'AWS::CloudFront::Function')[0]?.[0], 'FunctionARN'],
          },
        },
      ]);
    }
  });

  it('speak HTTP/3, and TLS 1.2 at least on a domain of one’s own', () => {
    const domain = {
      name: 'app.example.com',
      certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/c',
    };
    const own = onlyResource(
      synthesize({ stage: 'prod', domain }).web,
      'AWS::CloudFront::Distribution',
    ).Properties;

    expect(distribution.HttpVersion).toBe('http2and3');
    expect(own.DistributionConfig).toMatchObject({
      Aliases: [domain.name],
      ViewerCertificate: {
        AcmCertificateArn: domain.certificateArn,
        MinimumProtocolVersion: 'TLSv1.2_2021',
      },
    });
  });
});

describe('the bucket', () => {
  it('is closed to all but CloudFront', () => {
    const { PublicAccessBlockConfiguration: block } = onlyResource(
      web,
      'AWS::S3::Bucket',
    ).Properties;
    const { Statement: statements } = onlyResource(web, 'AWS::S3::BucketPolicy').Properties
      .PolicyDocument;

    expect(Object.values(block)).toEqual([true, true, true, true]);
    const principals = statements
      .filter(
        ({ Effect, Condition }: { Effect: string; Condition?: object }) =>
          Effect === 'Allow' && Condition,
      )
      .map(({ Principal }: { Principal: object }) => Principal);
    expect(principals).toEqual([{ Service: 'cloudfront.amazonaws.com' }]);
    expect(distribution.Origins.some((origin: object) => 'OriginAccessControlId' in origin)).toBe(
      true,
    );
  });
});

describe('the headers of the web app (check 79)', () => {
  it('forbid foreign scripts, frames, sniffing and plain HTTP', () => {
    const { SecurityHeadersConfig: headers } = onlyResource(
      web,
      'AWS::CloudFront::ResponseHeadersPolicy',
    ).Properties.ResponseHeadersPolicyConfig;

    const policy = headers.ContentSecurityPolicy.ContentSecurityPolicy;
    for (const directive of [
      "default-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "form-action 'self'",
    ]) {
      expect(policy.split('; ')).toContain(directive);
    }
    expect(policy).not.toMatch(/unsafe|\*|http:/);
    expect(headers).toMatchObject({
      ContentTypeOptions: { Override: true },
      FrameOptions: { FrameOption: 'DENY', Override: true },
      ReferrerPolicy: { ReferrerPolicy: 'no-referrer', Override: true },
      StrictTransportSecurity: {
        AccessControlMaxAgeSec: 31536000,
        IncludeSubdomains: true,
        Override: true,
      },
    });
  });
});

describe('the edge function', () => {
  it('is a function of the second runtime, within its 10 KB', () => {
    expect(edge.FunctionConfig.Runtime).toBe('cloudfront-js-2.0');
    expect(edge.FunctionCode.length).toBeLessThan(10_240);
  });

  it('names the viewer, whatever the viewer claims (check 51)', () => {
    const claims = {
      'x-viewer-address': { value: '192.0.2.1' },
      'x-forwarded-for': { value: '192.0.2.2' },
    };

    for (const uri of ['/api/v1/auth/login', '/welcome']) {
      expect(visit(uri, { ...claims }).headers['x-viewer-address']).toEqual({
        value: '198.51.100.7',
      });
    }
    expect(visit('/docs', {}, '2001:db8::1').headers['x-viewer-address']).toEqual({
      value: '2001:db8::1',
    });
  });

  it.each<[string, string]>([
    ['/', '/'],
    ['/docs/', '/docs'],
    ['/docs', '/docs'],
    ['/openapi.json', '/openapi.json'],
    ...endpointsOf('prod')
      .flatMap(gatewayPaths)
      .filter((path) => path !== '/' && !path.includes('{'))
      .map((path): [string, string] => [`${path}/`, path]),
    ['/api/v1/health/', '/api/v1/health'],
    ['/api/v1/health', '/api/v1/health'],
    ['/api/v1/nothing/here/', '/api/v1/nothing/here'],
    ['/marketplace/register/', '/marketplace/register'],
    ['/.well-known/jwks.json', '/.well-known/jwks.json'],
  ])('asks the API for %s as %s', (uri, asked) => {
    expect(visit(uri).uri).toBe(asked);
  });

  it.each([
    ['/welcome', '/index.html'],
    ['/welcome/', '/index.html'],
    ['/sign-in', '/index.html'],
    ['/a.b/page', '/index.html'],
    ['/marketplace-guide', '/index.html'],
    ['/main.js', '/main.js'],
    ['/assets/swagger/swagger-ui.css', '/assets/swagger/swagger-ui.css'],
    ['/favicon.ico', '/favicon.ico'],
  ])('asks the bucket for %s as %s', (uri, asked) => {
    expect(visit(uri).uri).toBe(asked);
  });

  const problemOf = ({ code, title, status, detail }: ErrorKind) => ({
    type: problemType(code),
    title,
    status,
    detail,
    code,
    request_id: 'the-id',
  });

  it.each(['/metrics', '/metrics/', '/redoc'])(
    'has nothing at %s, where other services have something',
    (uri) => {
      const { statusCode, headers, body } = run<EdgeResponse>(uri);

      expect(statusCode).toBe(404);
      expect(JSON.parse(body.data)).toEqual(problemOf(notFound));
      expect(headers).toMatchObject({
        'content-type': { value: 'application/problem+json' },
        'x-request-id': { value: 'the-id' },
        'cache-control': { value: 'no-store' },
        'x-content-type-options': { value: 'nosniff' },
      });
    },
  );

  const uri = '/api/v1/tenants/me';
  const query = (bytes: number) => ({
    querystring: { a: { value: 'x'.repeat(bytes - uri.length - '?a='.length) } },
  });
  const header = (bytes: number) => ({ 'x-long': { value: 'x'.repeat(bytes) } });

  it('refuses an address that is too long, and no other', () => {
    expect(run<EdgeRequest>(uri, query(maxUriBytes)).uri).toBe(uri);

    const { statusCode, body } = run<EdgeResponse>(uri, query(maxUriBytes + 1));
    expect(statusCode).toBe(414);
    expect(JSON.parse(body.data)).toEqual(problemOf(uriTooLong));
    expect(run<EdgeRequest>('/welcome', query(maxUriBytes + 1)).uri).toBe('/index.html');
  });

  it('refuses what API Gateway could not take with the headers that are still to come', () => {
    const { statusCode, body } = run<EdgeResponse>(uri, { headers: header(maxRequestHeadBytes) });
    const twice = {
      cookie: {
        value: 'a',
        multiValue: [{ value: 'x'.repeat(5000) }, { value: 'y'.repeat(5000) }],
      },
    };

    expect(statusCode).toBe(431);
    expect(JSON.parse(body.data)).toEqual(problemOf(headersTooLarge));
    expect(run<EdgeResponse>(uri, { headers: twice }).statusCode).toBe(431);
    expect(run<EdgeRequest>(uri, { headers: header(maxRequestHeadBytes - 100) }).uri).toBe(uri);
  });

  it('says its limits as they are', () => {
    const bytes = (count: number) => `${count.toLocaleString('en')} bytes`;

    expect(uriTooLong.detail).toContain(bytes(maxUriBytes));
    expect(headersTooLarge.detail).toContain(bytes(maxRequestHeadBytes));
    expect(maxRequestHeadBytes + 1024).toBe(10_240);
  });

  it('leaves the rest of a request alone', () => {
    const { method, querystring, headers } = visit('/welcome', { accept: { value: 'text/html' } });

    expect({ method, querystring }).toEqual({ method: 'GET', querystring: { a: { value: '1' } } });
    expect(headers.accept).toEqual({ value: 'text/html' });
  });
});

import { randomBytes } from 'node:crypto';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { region } from '../aws/aws.ts';
import { wildcard } from '../aws/iam.ts';
import type { Gateway } from '../gateway/gateway.ts';
import {
  type AnyResponse,
  type HeaderList,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  isStreamed,
  withoutHeaders,
} from '../runtime/http.ts';
import { isRecord, listOf, recordOf } from '../runtime/json.ts';
import { type Template, TemplateError } from '../template/template.ts';
import { loadViewerRequest, type ViewerRequestFunction } from './edge-function.ts';
import { ErrorCache } from './error-cache.ts';
import type { Bucket } from './site.ts';

/** The CloudFront distribution of the template: what viewers talk to. */
export interface Cdn {
  /** `request.address` is that of the viewer. */
  handle(request: HttpRequest): Promise<AnyResponse>;
}

export interface CdnOptions {
  readonly template: Template;
  readonly gateway: Gateway;
  readonly api: { readonly id: string; readonly stage: string };
  readonly buckets: ReadonlyMap<string, Bucket>;
  /** Clock by which errors are kept. */
  readonly now?: (() => number) | undefined;
}

interface Behavior {
  readonly matches: (path: string) => boolean;
  readonly methods: readonly string[];
  readonly origin: (request: HttpRequest) => Promise<AnyResponse>;
  readonly viewerRequest: ViewerRequestFunction | undefined;
  readonly addHeaders: (headers: HeaderList) => HeaderList;
  readonly compresses: boolean;
}

/** What the API sees as the address of the edge location; never that of a viewer. */
const edgeAddress = '192.0.2.1';
const cachingDisabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const cachingOptimized = '658327ea-f89d-4fab-a63d-7e88639e58f6';
const allViewerExceptHost = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';
const allViewer = '216adef6-5c7f-47e4-b989-5492eafa07d3';

/** Reads the one distribution of the template. Throws TemplateError for what the fake cannot imitate. */
export function createCdn(options: CdnOptions): Cdn {
  const [distribution, another] = options.template.ofType('AWS::CloudFront::Distribution');
  const config = distribution?.properties.DistributionConfig;
  if (!distribution || another || !isRecord(config))
    throw new TemplateError('template', 'the local runner needs exactly one distribution');
  const { where } = distribution;
  const { now = Date.now } = options;
  const origins = new Map(
    listOf(config.Origins)
      .filter(isRecord)
      .map((origin) => [String(origin.Id), readOrigin(origin, options, where)] as const),
  );
  const read = (behavior: unknown) =>
    readBehavior(
      isRecord(behavior) ? behavior : {},
      origins,
      new ErrorCache(config.CustomErrorResponses, where, now),
      options.template,
      where,
    );
  const behaviors = [...listOf(config.CacheBehaviors).map(read), read(config.DefaultCacheBehavior)];

  return {
    handle: async (viewerRequest) => {
      const requestId = randomBytes(42).toString('base64url');
      const response = await answer(behaviors, {
        ...viewerRequest,
        headers: [...viewerRequest.headers, ['X-Amz-Cf-Id', requestId]],
      });
      return { ...response, headers: [...response.headers, ['X-Amz-Cf-Id', requestId]] };
    },
  };
}

async function answer(
  behaviors: readonly Behavior[],
  viewerRequest: HttpRequest,
): Promise<AnyResponse> {
  const { method, path, query, headers } = viewerRequest;
  if (path.length + query.length > 8192) return refusal(414, 'The URL is too long.');
  if (headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0) > 32_768) {
    return refusal(413, 'The request headers are too large.');
  }
  // The pattern is compared with what the viewer sent; what the function makes of it changes no behavior.
  const behavior = behaviors.find(({ matches }) => matches(path));
  if (!behavior) return refusal(404, 'No behavior matches.');
  if (method === 'TRACE' || method === 'CONNECT') return refusal(405, 'The method is not allowed.');
  if (!behavior.methods.includes(method)) {
    return refusal(
      403,
      'This distribution is not configured to allow the HTTP request method that was used for this request.',
    );
  }
  if (method === 'GET' && (viewerRequest.body.length > 0 || viewerRequest.isBodyTooLarge))
    return refusal(403, 'Bad request: a GET with a body.');

  let request = viewerRequest;
  try {
    const result = behavior.viewerRequest?.(viewerRequest) ?? { request: viewerRequest };
    if ('response' in result) return result.response;
    request = result.request;
  } catch {
    return refusal(
      503,
      'The CloudFront function associated with the CloudFront distribution is invalid or could not run.',
    );
  }
  const response = await behavior.origin(request);
  const complete = { ...response, headers: behavior.addHeaders(response.headers) };
  return behavior.compresses ? compress(request, complete) : complete;
}

function refusal(status: number, text: string): HttpResponse {
  return {
    status,
    headers: [
      ['Content-Type', 'text/html'],
      ['X-Cache', 'Error from cloudfront'],
    ],
    body: Buffer.from(
      `<!DOCTYPE html>\n<html lang="en"><head><title>ERROR: The request could not be satisfied</title></head><body><h1>${status} ERROR</h1><p>${text}</p></body></html>\n`,
    ),
  };
}

interface Origin {
  /** Sends a request; `forwardsViewer` says whether the viewer's headers and query go along. */
  readonly send: (request: HttpRequest, forwardsViewer: boolean) => Promise<AnyResponse>;
  readonly isBucket: boolean;
}

function readOrigin(
  origin: Record<string, unknown>,
  { gateway, api, buckets }: CdnOptions,
  where: string,
): Origin {
  const domain = String(origin.DomainName);
  const custom = listOf(origin.OriginCustomHeaders)
    .filter(isRecord)
    .map(({ HeaderName, HeaderValue }) => [String(HeaderName), String(HeaderValue)] as const);
  const bucket = buckets.get(domain);
  if (bucket) return { send: async (request) => bucket(request), isBucket: true };

  if (
    domain !== `${api.id}.execute-api.${region}.amazonaws.com` ||
    origin.OriginPath !== `/${api.stage}`
  ) {
    throw new TemplateError(
      where,
      `the local runner does not know the origin ${domain}${String(origin.OriginPath ?? '')}`,
    );
  }
  const replaced = [
    'host',
    'x-forwarded-for',
    'via',
    ...custom.map(([name]) => name.toLowerCase()),
  ];
  return {
    isBucket: false,
    send: (request, forwardsViewer) => {
      const before = headerOf(request.headers, 'x-forwarded-for');
      return gateway.handle({
        ...request,
        query: forwardsViewer ? request.query : '',
        headers: [
          ...(forwardsViewer ? withoutHeaders(request.headers, ...replaced) : []),
          ['Host', domain],
          ['Via', '1.1 local.cloudfront.net (CloudFront)'],
          ['X-Forwarded-For', before ? `${before}, ${request.address}` : request.address],
          ...custom,
        ],
        address: edgeAddress,
      });
    },
  };
}

function readBehavior(
  behavior: Record<string, unknown>,
  origins: ReadonlyMap<string, Origin>,
  errors: ErrorCache,
  template: Template,
  where: string,
): Behavior {
  const origin = origins.get(String(behavior.TargetOriginId));
  if (!origin)
    throw new TemplateError(
      where,
      `a behavior names the origin ${String(behavior.TargetOriginId)}, which there is not`,
    );
  const {
    CachePolicyId: cache,
    OriginRequestPolicyId: originRequest,
    PathPattern: pattern,
  } = behavior;
  const isCacheKnown = cache === cachingDisabled || (cache === cachingOptimized && origin.isBucket);
  if (!isCacheKnown)
    throw new TemplateError(
      where,
      `the local runner does not know the cache policy ${String(cache)} for ${String(pattern)}`,
    );
  if (originRequest !== undefined && originRequest !== allViewerExceptHost) {
    const name =
      originRequest === allViewer
        ? 'AllViewer (it would send API Gateway a Host that it refuses)'
        : String(originRequest);
    throw new TemplateError(
      where,
      `the local runner does not know the origin request policy ${name}`,
    );
  }
  if (listOf(behavior.LambdaFunctionAssociations).length > 0)
    throw new TemplateError(where, 'the local runner does not know Lambda@Edge');

  const regex =
    pattern === undefined ? undefined : wildcard(String(pattern).replace(/^(?!\/|\*)/, '/'));
  return {
    matches: (path) => regex?.test(path) ?? true,
    methods:
      behavior.AllowedMethods === undefined
        ? ['GET', 'HEAD']
        : listOf(behavior.AllowedMethods).map(String),
    origin: (request) =>
      errors.through(request, (asked) => origin.send(asked, originRequest === allViewerExceptHost)),
    viewerRequest: readFunction(behavior, template, where),
    addHeaders: readHeadersPolicy(behavior.ResponseHeadersPolicyId, template, where),
    compresses: behavior.Compress === true && cache === cachingOptimized,
  };
}

function readFunction(
  behavior: Record<string, unknown>,
  template: Template,
  where: string,
): ViewerRequestFunction | undefined {
  const [association, another] = listOf(behavior.FunctionAssociations).filter(isRecord);
  if (!association) return undefined;
  const edgeFunction = template.find(
    'AWS::CloudFront::Function',
    String(association.FunctionARN),
    'FunctionARN',
  );
  if (!edgeFunction || another || association.EventType !== 'viewer-request') {
    throw new TemplateError(
      where,
      'the local runner only knows one CloudFront function, at viewer-request',
    );
  }
  return loadViewerRequest(edgeFunction);
}

function readHeadersPolicy(
  id: unknown,
  template: Template,
  where: string,
): (headers: HeaderList) => HeaderList {
  if (id === undefined) return (headers) => headers;
  const policy = template.find('AWS::CloudFront::ResponseHeadersPolicy', String(id));
  const config = policy?.properties.ResponseHeadersPolicyConfig;
  if (!isRecord(config))
    throw new TemplateError(
      where,
      `the local runner does not know the response headers policy ${String(id)}`,
    );
  const security = recordOf(config.SecurityHeadersConfig);
  const custom = listOf(recordOf(config.CustomHeadersConfig).Items).filter(isRecord);
  const hsts = recordOf(security.StrictTransportSecurity);
  const rules = [
    [
      'Content-Security-Policy',
      security.ContentSecurityPolicy,
      recordOf(security.ContentSecurityPolicy).ContentSecurityPolicy,
    ],
    ['X-Content-Type-Options', security.ContentTypeOptions, 'nosniff'],
    ['X-Frame-Options', security.FrameOptions, recordOf(security.FrameOptions).FrameOption],
    ['Referrer-Policy', security.ReferrerPolicy, recordOf(security.ReferrerPolicy).ReferrerPolicy],
    [
      'Strict-Transport-Security',
      security.StrictTransportSecurity,
      `max-age=${String(hsts.AccessControlMaxAgeSec)}${hsts.IncludeSubdomains ? '; includeSubDomains' : ''}${hsts.Preload ? '; preload' : ''}`,
    ],
    ...custom.map((item) => [String(item.Header), item, item.Value] as const),
  ] as const;
  const set = rules.filter(([, rule]) => isRecord(rule));
  return (headers) =>
    set.reduce<HeaderList>((list, [name, rule, value]) => {
      const isThere = headerOf(list, name.toLowerCase()) !== undefined;
      if (isThere && recordOf(rule).Override !== true) return list;
      return [...withoutHeaders(list, name.toLowerCase()), [name, String(value)]];
    }, headers);
}

const compressible = /^(text\/|application\/(javascript|json|manifest\+json|xml)|image\/svg\+xml)/;

/** CloudFront compresses what it caches: files of these types, from 1,000 to 10,000,000 bytes. */
function compress(request: HttpRequest, response: AnyResponse): AnyResponse {
  if (isStreamed(response)) return response;
  const { length } = response.body;
  const isFit =
    length >= 1000 &&
    length <= 10_000_000 &&
    compressible.test(headerOf(response.headers, 'content-type') ?? '');
  if (!isFit || response.status !== 200 || headerOf(response.headers, 'content-encoding'))
    return response;
  const accept = headerOf(request.headers, 'accept-encoding') ?? '';
  const coding = /\bbr\b/.test(accept) ? 'br' : /\bgzip\b/.test(accept) ? 'gzip' : undefined;
  if (!coding) return response;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
  const etag = headerOf(response.headers, 'etag');
  return {
    ...response,
    headers: [
      ...withoutHeaders(response.headers, 'etag'),
      ...(etag ? [['ETag', `W/${etag}`] as const] : []),
      ['Content-Encoding', coding],
      ['Vary', 'Accept-Encoding'],
    ],
    body: coding === 'br' ? brotliCompressSync(response.body, quality) : gzipSync(response.body),
  };
}

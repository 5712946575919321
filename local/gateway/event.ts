import { account } from '../aws/aws.ts';
import { stableId } from '../aws/resource-types.ts';
import {
  type HeaderList,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  withoutHeaders,
} from '../runtime/http.ts';
import { isRecord } from '../runtime/json.ts';
import type { ApiDefinition } from './definition.ts';
import type { Route } from './routes.ts';

/** What API Gateway makes up for each request. */
export interface RequestIds {
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly timeMs: number;
}

const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
];

/** The event of a Lambda proxy integration, format 1.0. */
export function proxyEvent(
  api: ApiDefinition,
  route: Route,
  request: HttpRequest,
  ids: RequestIds,
  authorizer: Readonly<Record<string, unknown>> | undefined,
) {
  const headers = withoutHeaders(request.headers, ...hopByHop);
  const query = queryPairs(request.query);
  const isBinary = isBinaryType(api, headerOf(request.headers, 'content-type'));
  const userAgent = headerOf(headers, 'user-agent') ?? null;
  const { resourcePath } = route.operation;
  const domainName = headerOf(headers, 'host') ?? '';
  return {
    resource: resourcePath,
    path: request.path,
    httpMethod: request.method,
    headers: lastValues(headers),
    multiValueHeaders: allValues(headers),
    queryStringParameters: query.length ? lastValues(query) : null,
    multiValueQueryStringParameters: query.length ? allValues(query) : null,
    pathParameters: route.pathParameters,
    stageVariables: api.stageVariables,
    requestContext: {
      resourceId: stableId(`${api.id}${resourcePath}`, 6),
      ...(authorizer && { authorizer }),
      resourcePath,
      httpMethod: request.method,
      extendedRequestId: ids.extendedRequestId,
      requestTime: commonLogTime(ids.timeMs),
      path: `/${api.stage}${request.path}`,
      accountId: account,
      protocol: 'HTTP/1.1',
      stage: api.stage,
      domainPrefix: domainName.split('.')[0] ?? '',
      requestTimeEpoch: ids.timeMs,
      requestId: ids.requestId,
      identity: {
        cognitoIdentityPoolId: null,
        accountId: null,
        cognitoIdentityId: null,
        caller: null,
        sourceIp: request.address,
        principalOrgId: null,
        accessKey: null,
        cognitoAuthenticationType: null,
        cognitoAuthenticationProvider: null,
        userArn: null,
        userAgent,
        user: null,
      },
      domainName,
      deploymentId: api.deploymentId,
      apiId: api.id,
    },
    body: request.body.length === 0 ? null : request.body.toString(isBinary ? 'base64' : 'utf8'),
    isBase64Encoded: request.body.length > 0 && isBinary,
  };
}

export type ProxyEvent = ReturnType<typeof proxyEvent>;

/** Characters that API Gateway wants encoded in a query. */
export function isQueryAcceptable(query: string): boolean {
  return !/[|{}]/.test(query);
}

function queryPairs(query: string): HeaderList {
  // API Gateway takes a semicolon for a separator, as the specification of HTML 4 did.
  return [...new URLSearchParams(query.replaceAll(';', '&'))];
}

function lastValues(pairs: HeaderList): Record<string, string> {
  return Object.fromEntries(
    Object.entries(allValues(pairs)).map(([name, values]) => [name, values.at(-1) ?? '']),
  );
}

/** Header names that differ in case only are one; the first spelling stays. Query names are unchanged. */
function allValues(pairs: HeaderList): Record<string, string[]> {
  const values = new Map<string, { name: string; values: string[] }>();
  for (const [name, value] of pairs) {
    const entry = values.get(name.toLowerCase());
    if (entry) entry.values.push(value);
    else values.set(name.toLowerCase(), { name, values: [value] });
  }
  return Object.fromEntries([...values.values()].map((entry) => [entry.name, entry.values]));
}

function isBinaryType(api: ApiDefinition, contentType: string | undefined): boolean {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  return (
    type !== undefined &&
    api.binaryMediaTypes.some((pattern) => mediaTypeMatches(pattern.toLowerCase(), type))
  );
}

function mediaTypeMatches(pattern: string, type: string): boolean {
  if (pattern === '*/*') return true;
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
}

function commonLogTime(timeMs: number): string {
  const [, day, month, year, time] =
    /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(timeMs).toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

/** Headers that API Gateway gives another name when a function sets them. */
const remapped = new Set([
  'www-authenticate',
  'server',
  'date',
  'connection',
  'content-length',
  'transfer-encoding',
]);
const headMembers = ['statusCode', 'headers', 'multiValueHeaders'];
const proxyMembers = new Set([...headMembers, 'body', 'isBase64Encoded']);
const metadataMembers = new Set([...headMembers, 'cookies']);

/**
 * The HTTP response in a function's answer. Undefined for an answer that is none, which API Gateway
 * calls a malformed Lambda proxy response.
 */
export function proxyResponse(
  api: ApiDefinition,
  payload: string,
  accept: string | undefined,
): HttpResponse | undefined {
  const answer = readMembers(payload, proxyMembers);
  const head = answer && responseHead(answer);
  if (!answer || !head) return undefined;
  const { body = '', isBase64Encoded = false } = answer;
  if (typeof isBase64Encoded !== 'boolean' || (body !== null && typeof body !== 'string'))
    return undefined;
  // API Gateway looks at the first type that the caller accepts; others get the base64 unchanged.
  const isBinary = isBase64Encoded && isBinaryType(api, accept?.split(',')[0]);
  return { ...head, body: Buffer.from(body ?? '', isBinary ? 'base64' : 'utf8') };
}

/** What the metadata of a streamed answer says goes before its payload. Undefined for what is none. */
export function streamHead(metadata: string): Head | undefined {
  const answer = readMembers(metadata, metadataMembers);
  const head = answer && responseHead(answer);
  const cookies: unknown = answer?.cookies ?? [];
  if (!head || !Array.isArray(cookies) || !cookies.every(isHeaderValue)) return undefined;
  const setCookies = cookies.map((cookie) => ['Set-Cookie', String(cookie)] as const);
  return { ...head, headers: [...head.headers, ...setCookies] };
}

type Head = Pick<HttpResponse, 'status' | 'headers'>;

/** The members of a JSON object that has no others. */
function readMembers(
  json: string,
  known: ReadonlySet<string>,
): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isRecord(value) && Object.keys(value).every((member) => known.has(member))
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

function responseHead({
  statusCode,
  headers,
  multiValueHeaders,
}: Record<string, unknown>): Head | undefined {
  if (!Number.isInteger(statusCode) || Number(statusCode) < 100 || Number(statusCode) > 599)
    return undefined;
  const list = headerList(headers ?? {}, multiValueHeaders ?? {});
  if (!list) return undefined;
  const hasType = list.some(([name]) => name.toLowerCase() === 'content-type');
  const complete: HeaderList = hasType ? list : [['Content-Type', 'application/json'], ...list];
  return {
    status: Number(statusCode),
    headers: complete.map(([name, value]) => [
      remapped.has(name.toLowerCase()) ? `x-amzn-Remapped-${name}` : name,
      value,
    ]),
  };
}

function headerList(headers: unknown, multiValueHeaders: unknown): HeaderList | undefined {
  if (!isRecord(headers) || !isRecord(multiValueHeaders)) return undefined;
  const multiple = Object.entries(multiValueHeaders);
  if (!multiple.every(([, values]) => Array.isArray(values) && values.every(isHeaderValue)))
    return undefined;
  const named = new Set(multiple.map(([name]) => name.toLowerCase()));
  const single = Object.entries(headers).filter(([name]) => !named.has(name.toLowerCase()));
  if (!single.every(([, value]) => isHeaderValue(value))) return undefined;
  return [
    ...single.map(([name, value]) => [name, String(value)] as const),
    ...multiple.flatMap(([name, values]) =>
      (values as unknown[]).map((value) => [name, String(value)] as const),
    ),
  ];
}

function isHeaderValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

import { randomBytes, randomUUID } from 'node:crypto';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import type { AnsweredRequest } from '../aws/metrics.ts';
import { newTraceId, traceIdIn } from '../aws/trace.ts';
import type { WebAcl } from '../edge/waf.ts';
import { FunctionFailure, type Lambda } from '../lambda/lambda.ts';
import {
  type AnyResponse,
  type HeaderList,
  type HttpRequest,
  type HttpResponse,
  headerOf,
  isStreamed,
  type StreamedResponse,
  withoutHeaders,
} from '../runtime/http.ts';
import { Authorizers } from './authorizer.ts';
import { type ApiDefinition, executeArn, type Operation } from './definition.ts';
import {
  isQueryAcceptable,
  type ProxyEvent,
  proxyEvent,
  proxyResponse,
  type RequestIds,
  streamHead,
} from './event.ts';
import { type ContextValues, type GatewayError, gatewayResponse } from './responses.ts';
import { MalformedPathError, type Route, Routes } from './routes.ts';
import { partStream } from './stream.ts';

export interface GatewayOptions {
  readonly api: ApiDefinition;
  readonly lambda: Lambda;
  /** The web ACL on the stage, if there is one. */
  readonly webAcl?: WebAcl | undefined;
  /** Enforces the throttling of the stage, which local work and tests have no use for. */
  readonly throttle?: boolean | undefined;
  readonly now?: (() => number) | undefined;
  /** Told why a reply was 5xx, as the execution log of API Gateway is. */
  readonly onFailure?: ((message: string) => void) | undefined;
  /** Told of every answer, as CloudWatch is. */
  readonly onAnswer?: ((answered: AnsweredRequest) => void) | undefined;
}

/** A stage of a REST API: takes requests as they arrive at its `execute-api` host. */
export interface Gateway {
  /** `request.path` is without the stage. */
  handle(request: HttpRequest): Promise<AnyResponse>;
}

const traceHeader = 'x-amzn-trace-id';
/** Of request line and headers together. */
const maxHeadBytes = 10_240;
const maxBodyBytes = 10 * 1024 * 1024;

/** A reply of the gateway itself, on its way out of the steps of a request. */
class Refusal extends Error {
  readonly error: GatewayError;
  readonly authorizer: Readonly<Record<string, string>> | undefined;

  constructor(error: GatewayError, authorizer?: Readonly<Record<string, string>>) {
    super(error.message);
    this.error = error;
    this.authorizer = authorizer;
  }
}

/** The gateway that imitates a stage of a REST API in front of the functions. */
export function createGateway(options: GatewayOptions): Gateway {
  const { api, lambda, webAcl, now = Date.now, onFailure = () => {}, onAnswer } = options;
  const routes = new Routes(api.operations);
  const authorizers = new Authorizers(lambda, now);
  const isThrottled = options.throttle ? tokenBucket(api.throttle, now) : () => false;

  async function serve(
    request: HttpRequest,
    ids: RequestIds,
    onRoute: (operation: Operation) => void,
  ): Promise<AnyResponse> {
    const blocked = webAcl?.(request);
    if (blocked === 'WAF_FILTERED')
      throw new Refusal({ type: 'WAF_FILTERED', message: 'Forbidden' });
    if (blocked) return blocked;
    if (headBytes(api, request) > maxHeadBytes) {
      throw new Refusal({
        type: 'DEFAULT_4XX',
        status: 431,
        message: `HTTP header is larger than ${maxHeadBytes} bytes.`,
      });
    }
    const route = findRoute(routes, request);
    onRoute(route.operation);
    if (isThrottled()) throw new Refusal({ type: 'THROTTLED', message: 'Too Many Requests' });
    const decoded = decodeBody(request);
    const authorization = await authorize(route, request);
    const event = proxyEvent(api, route, withForwarding(decoded), ids, authorization);
    return route.operation.streams ? stream(route, event) : integrate(route, event);
  }

  async function authorize({ operation }: Route, request: HttpRequest) {
    const { authorizer } = operation;
    if (!authorizer) return undefined;
    const methodArn = `${executeArn(api)}/${api.stage}/${request.method}${request.path}`;
    const verdict = await authorizers.authorize(
      authorizer,
      headerOf(request.headers, authorizer.header),
      methodArn,
      traceIdIn(headerOf(request.headers, traceHeader)),
    );
    if (verdict.ok) return verdict.context;
    if (verdict.error.type.startsWith('AUTHORIZER'))
      onFailure(`${authorizer.functionArn}: ${verdict.error.type}`);
    throw new Refusal(verdict.error, verdict.context);
  }

  async function integrate(route: Route, event: ProxyEvent): Promise<HttpResponse> {
    const { operation } = route;
    const overdue = Symbol('overdue');
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<typeof overdue>((resolve) => {
      timer = setTimeout(() => resolve(overdue), operation.timeoutMs);
    });
    const invoking = lambda.invoke(operation.functionArn, event, traceOf(event));
    const result = await Promise.race([invoking, timeout]);
    clearTimeout(timer);
    if (result === overdue) throw new Refusal(integrationTimeout);
    if (!result.ok) throw failed(route, new FunctionFailure(result));
    const response = proxyResponse(
      api,
      result.payload,
      headerOf(Object.entries(event.headers), 'accept'),
    );
    if (response) return response;
    throw failed(route, new Error(malformed));
  }

  async function stream(route: Route, event: ProxyEvent): Promise<StreamedResponse> {
    const { functionArn, timeoutMs } = route.operation;
    const source = lambda.invokeWithResponseStream(functionArn, event, traceOf(event));
    const timer = setTimeout(() => source.destroy(new Refusal(integrationTimeout)), timeoutMs);
    source.once('close', () => clearTimeout(timer));
    const { metadata, payload } = await partStream(source).catch((error: unknown) => {
      throw failed(route, error);
    });
    const head = streamHead(metadata);
    if (!head) {
      payload.destroy();
      throw failed(route, new Error(malformed));
    }
    payload.once('error', (error) => {
      if (error instanceof FunctionFailure || error instanceof Refusal) failed(route, error);
    });
    return { ...head, body: payload };
  }

  /** What is answered for a function that failed. `onFailure` receives the reason. */
  function failed({ operation }: Route, error: unknown): Refusal {
    if (error instanceof FunctionFailure && error.failure.reason === 'request-too-large')
      return new Refusal({ type: 'REQUEST_TOO_LARGE', message: 'Request Too Long' });
    onFailure(`${operation.functionArn}: ${error instanceof Error ? error.message : error}`);
    return error instanceof Refusal ? error : new Refusal(badGateway);
  }

  return {
    handle: async (incoming) => {
      const ids = {
        requestId: randomUUID(),
        extendedRequestId: `${randomBytes(11).toString('base64url')}=`,
        timeMs: now(),
      };
      const request = { ...incoming, headers: withTrace(incoming.headers) };
      const startedAt = performance.now();
      let operation: Operation | undefined;
      const onRoute = (found: Operation) => {
        operation = found;
      };
      const response = await serve(request, ids, onRoute).catch((error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
        const context = contextOf(api, request, ids, error.authorizer);
        return gatewayResponse(api, error.error, context, (name) =>
          headerOf(request.headers, name),
        );
      });
      const answered = () =>
        onAnswer?.({
          method: operation?.method ?? 'none',
          route: operation?.resourcePath ?? 'none',
          status: response.status,
          ms: performance.now() - startedAt,
        });
      if (isStreamed(response)) response.body.once('close', answered);
      else answered();
      return compress(api, request, {
        ...response,
        headers: [
          ...response.headers,
          ['x-amzn-RequestId', ids.requestId],
          ['x-amz-apigw-id', ids.extendedRequestId],
        ],
      });
    },
  };
}

const traceOf = ({ headers }: ProxyEvent) =>
  traceIdIn(headerOf(Object.entries(headers), traceHeader));

const malformed = 'malformed Lambda proxy response';
const integrationTimeout: GatewayError = {
  type: 'INTEGRATION_TIMEOUT',
  message: 'Endpoint request timed out',
};
const badGateway: GatewayError = {
  type: 'DEFAULT_5XX',
  status: 502,
  message: 'Internal server error',
};

function findRoute(routes: Routes, request: HttpRequest): Route {
  try {
    if (!isQueryAcceptable(request.query)) throw new MalformedPathError();
    const route = routes.find(request.method, request.path);
    if (route) return route;
  } catch (error) {
    if (!(error instanceof MalformedPathError)) throw error;
    throw new Refusal({ type: 'BAD_REQUEST_PARAMETERS', message: 'Bad Request' });
  }
  throw new Refusal({
    type: 'MISSING_AUTHENTICATION_TOKEN',
    message: 'Missing Authentication Token',
  });
}

/** Bytes of the request line and of the headers, as sent to the stage. */
function headBytes({ stage }: ApiDefinition, request: HttpRequest): number {
  const { method, path, query, headers } = request;
  const lines = [
    `${method} /${stage}${path}${query && `?${query}`} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 2, 0);
}

function decodeBody(request: HttpRequest): HttpRequest {
  const tooLarge = () =>
    new Refusal({ type: 'REQUEST_TOO_LARGE', message: 'Request Entity Too Large' });
  if (request.isBodyTooLarge || request.body.length > maxBodyBytes) throw tooLarge();
  const coding = headerOf(request.headers, 'content-encoding')?.trim().toLowerCase();
  if (!coding || coding === 'identity' || request.body.length === 0) return request;
  try {
    const options = { maxOutputLength: maxBodyBytes };
    if (coding === 'gzip') return { ...request, body: gunzipSync(request.body, options) };
    if (coding === 'deflate') return { ...request, body: inflateSync(request.body, options) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
  }
  throw new Refusal({ type: 'UNSUPPORTED_MEDIA_TYPE', message: 'Unsupported Media Type' });
}

function withTrace(headers: HeaderList): HeaderList {
  const root = `Root=${newTraceId()}`;
  return [...withoutHeaders(headers, traceHeader), ['X-Amzn-Trace-Id', root]];
}

function withForwarding(request: HttpRequest): HttpRequest {
  const before = headerOf(request.headers, 'x-forwarded-for');
  return {
    ...request,
    headers: [
      ...withoutHeaders(
        request.headers,
        'x-forwarded-for',
        'x-forwarded-port',
        'x-forwarded-proto',
        'content-encoding',
      ),
      ['X-Forwarded-For', before ? `${before}, ${request.address}` : request.address],
      ['X-Forwarded-Port', '443'],
      ['X-Forwarded-Proto', 'https'],
    ],
  };
}

function contextOf(
  api: ApiDefinition,
  request: HttpRequest,
  ids: RequestIds,
  authorizer: Readonly<Record<string, string>> = {},
): ContextValues {
  return {
    requestId: ids.requestId,
    extendedRequestId: ids.extendedRequestId,
    httpMethod: request.method,
    path: `/${api.stage}${request.path}`,
    protocol: 'HTTP/1.1',
    stage: api.stage,
    apiId: api.id,
    'identity.sourceIp': request.address,
    'identity.userAgent': headerOf(request.headers, 'user-agent'),
    ...Object.fromEntries(
      Object.entries(authorizer).map(([name, value]) => [`authorizer.${name}`, value]),
    ),
  };
}

/** What is streamed goes out unchanged. */
function compress(api: ApiDefinition, request: HttpRequest, response: AnyResponse): AnyResponse {
  if (isStreamed(response)) return response;
  const { minimumCompressionBytes: minimum } = api;
  const isSmall =
    minimum === undefined || response.body.length < minimum || response.body.length === 0;
  if (isSmall || headerOf(response.headers, 'content-encoding')) return response;
  const coding = acceptedCoding(headerOf(request.headers, 'accept-encoding'));
  if (!coding) return response;
  return {
    ...response,
    headers: [...response.headers, ['Content-Encoding', coding]],
    body: coding === 'gzip' ? gzipSync(response.body) : deflateSync(response.body),
  };
}

/** The coding that a caller likes best, if it is one that the gateway speaks. */
function acceptedCoding(accept: string | undefined): 'gzip' | 'deflate' | undefined {
  const ranked = (accept ?? '')
    .split(',')
    .map((item) => {
      const [name = '', ...parameters] = item.trim().toLowerCase().split(';');
      const quality = parameters
        .map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1])
        .find((value) => value !== undefined);
      return { name: name.trim(), quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ name, quality }) => (name === 'gzip' || name === 'deflate') && quality > 0)
    .sort((a, b) => b.quality - a.quality);
  return ranked[0]?.name as 'gzip' | 'deflate' | undefined;
}

function tokenBucket(limit: ApiDefinition['throttle'], now: () => number): () => boolean {
  if (!limit) return () => false;
  let tokens = limit.burst;
  let filledAt = now();
  return () => {
    tokens = Math.min(limit.burst, tokens + ((now() - filledAt) / 1000) * limit.rate);
    filledAt = now();
    if (tokens < 1) return true;
    tokens--;
    return false;
  };
}

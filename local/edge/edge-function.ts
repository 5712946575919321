import { createContext, Script } from 'node:vm';
import { type HeaderList, type HttpRequest, type HttpResponse, headerOf } from '../runtime/http.ts';
import { isRecord } from '../runtime/json.ts';
import { type Resource, TemplateError } from '../template/template.ts';

/** A CloudFront function at the viewer-request event: the request to pass on, or a reply at once. */
export type ViewerRequestFunction = (
  request: HttpRequest,
) => { request: HttpRequest } | { response: HttpResponse };

interface EdgeValue {
  value: string;
  multiValue?: { value: string }[];
}

interface EdgeRequest {
  method: string;
  uri: string;
  querystring: Record<string, EdgeValue>;
  headers: Record<string, EdgeValue>;
  cookies: Record<string, EdgeValue>;
}

/** Loads the source of a CloudFront function into a context without anything of Node.js. */
export function loadViewerRequest(resource: Resource): ViewerRequestFunction {
  const { FunctionCode: code, FunctionConfig: config } = resource.properties;
  if (typeof code !== 'string' || !isRecord(config) || config.Runtime !== 'cloudfront-js-2.0') {
    throw new TemplateError(
      resource.where,
      'is no inline CloudFront function of runtime cloudfront-js-2.0',
    );
  }
  const context = createContext(
    { console: { log: () => {} } },
    { codeGeneration: { strings: false, wasm: false } },
  );
  const handler: unknown = new Script(`${code}\n;handler`, {
    filename: resource.logicalId,
  }).runInContext(context);
  if (typeof handler !== 'function')
    throw new TemplateError(resource.where, 'has no function handler(event)');

  return (request) => {
    const edgeRequest = toEdge(request);
    const before = toEdge(request);
    const result: unknown = handler({
      version: '1.0',
      context: {
        eventType: 'viewer-request',
        requestId: headerOf(request.headers, 'x-amz-cf-id') ?? '',
      },
      viewer: { ip: request.address },
      request: edgeRequest,
    });
    if (!isRecord(result))
      throw new TypeError(`${resource.logicalId} returned neither a request nor a response`);
    if ('statusCode' in result) return { response: responseOf(result) };
    return { request: fromEdge(request, before, result as unknown as EdgeRequest) };
  };
}

function toEdge(request: HttpRequest): EdgeRequest {
  const isCookie = ([name]: readonly [string, string]) => name.toLowerCase() === 'cookie';
  const cookies = request.headers
    .filter(isCookie)
    .flatMap(([, value]) => value.split(/;\s*/))
    .map((pair): [string, string] => [
      pair.split('=')[0] ?? '',
      pair.split('=').slice(1).join('='),
    ]);
  const query =
    request.query === ''
      ? []
      : request.query
          .split('&')
          .map((pair): [string, string] => [
            pair.split('=')[0] ?? '',
            pair.split('=').slice(1).join('='),
          ]);
  return {
    method: request.method,
    uri: request.path,
    querystring: group(query),
    headers: group(
      request.headers
        .filter((header) => !isCookie(header))
        .map(([name, value]) => [name.toLowerCase(), value]),
    ),
    cookies: group(cookies),
  };
}

function group(pairs: HeaderList): Record<string, EdgeValue> {
  const grouped: Record<string, EdgeValue> = {};
  for (const [name, values] of Map.groupBy(pairs, ([key]) => key)) {
    const multiValue = values.map(([, value]) => ({ value }));
    Object.defineProperty(grouped, name, {
      value: { value: multiValue[0]?.value ?? '', ...(multiValue.length > 1 && { multiValue }) },
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return grouped;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** What the function left alone stays byte for byte as it was sent. */
function fromEdge(request: HttpRequest, before: EdgeRequest, after: EdgeRequest): HttpRequest {
  const kept = request.headers.filter(([name]) => {
    const key = name.toLowerCase();
    return key === 'cookie'
      ? same(before.cookies, after.cookies)
      : same(before.headers[key], after.headers[key]);
  });
  const changed = Object.entries(after.headers).filter(
    ([name, value]) => !same(before.headers[name], value),
  );
  const cookies = Object.entries(after.cookies).flatMap(([name, cookie]) =>
    valuesOf(cookie).map((value) => `${name}=${value}`),
  );
  return {
    ...request,
    path: after.uri,
    query: same(before.querystring, after.querystring)
      ? request.query
      : Object.entries(after.querystring)
          .flatMap(([name, item]) => valuesOf(item).map((value) => `${name}=${value}`))
          .join('&'),
    headers: [
      ...kept,
      ...changed.flatMap(([name, header]) =>
        valuesOf(header).map((value) => [name, value] as const),
      ),
      ...(cookies.length > 0 && !same(before.cookies, after.cookies)
        ? [['cookie', cookies.join('; ')] as const]
        : []),
    ],
  };
}

function valuesOf({ value, multiValue }: EdgeValue): string[] {
  return multiValue ? multiValue.map((item) => item.value) : [value];
}

function responseOf(result: Record<string, unknown>): HttpResponse {
  const headers = isRecord(result.headers) ? (result.headers as Record<string, EdgeValue>) : {};
  const body = isRecord(result.body) ? String(result.body.data ?? '') : String(result.body ?? '');
  return {
    status: Number(result.statusCode),
    headers: Object.entries(headers).flatMap(([name, header]) =>
      valuesOf(header).map((value) => [name, value] as const),
    ),
    body: Buffer.from(body),
  };
}

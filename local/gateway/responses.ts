import type { HeaderList, HttpResponse } from '../runtime/http.ts';
import type { ApiDefinition } from './definition.ts';

/** Status of each kind of error that the gateway makes, unless the API says otherwise. */
const defaultStatus = {
  ACCESS_DENIED: 403,
  API_CONFIGURATION_ERROR: 500,
  AUTHORIZER_CONFIGURATION_ERROR: 500,
  AUTHORIZER_FAILURE: 500,
  BAD_REQUEST_PARAMETERS: 400,
  INTEGRATION_FAILURE: 504,
  INTEGRATION_TIMEOUT: 504,
  MISSING_AUTHENTICATION_TOKEN: 403,
  REQUEST_TOO_LARGE: 413,
  THROTTLED: 429,
  UNAUTHORIZED: 401,
  UNSUPPORTED_MEDIA_TYPE: 415,
  WAF_FILTERED: 403,
  // Errors without their own type keep their status unless the default response has one.
  DEFAULT_4XX: 400,
  DEFAULT_5XX: 500,
} as const;

export type GatewayResponseType = keyof typeof defaultStatus;

/** Values of `$context`, by their name after it: `requestId`, `authorizer.tenant_id`. */
export type ContextValues = Readonly<Record<string, string | undefined>>;

export interface GatewayError {
  readonly type: GatewayResponseType;
  readonly message: string;
  /** Of an error without its own type. */
  readonly status?: number;
}

/** What the API answers for an error of the gateway: its own gateway response, or AWS's. */
export function gatewayResponse(
  api: ApiDefinition,
  error: GatewayError,
  context: ContextValues,
  requestHeader: (name: string) => string | undefined,
): HttpResponse {
  const fallback = defaultStatus[error.type] < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const customized = api.gatewayResponses[error.type] ?? api.gatewayResponses[fallback];
  const status = customized?.statusCode ?? error.status ?? defaultStatus[error.type];
  const values: ContextValues = {
    ...context,
    'error.message': error.message,
    'error.messageString': JSON.stringify(error.message),
    'error.responseType': error.type,
  };

  const [type = 'application/json', template = '{"message":$context.error.messageString}'] =
    Object.entries(customized?.templates ?? {}).sort(
      ([a], [b]) => Number(b === 'application/json') - Number(a === 'application/json'),
    )[0] ?? [];
  const parameters = Object.entries(customized?.parameters ?? {}).map(
    ([name, source]) =>
      [
        name.slice('gatewayresponse.header.'.length),
        parameterValue(source, values, requestHeader),
      ] as const,
  );
  const headers: HeaderList = parameters.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    status,
    headers: hasType ? headers : [['Content-Type', type], ...headers],
    body: Buffer.from(substitute(template, values)),
  };
}

function substitute(template: string, values: ContextValues): string {
  return template.replace(
    /\$context\.([\w-]+(?:\.[\w-]+)*)/g,
    (_, name: string) => values[name] ?? '',
  );
}

function parameterValue(
  source: string,
  values: ContextValues,
  requestHeader: (name: string) => string | undefined,
): string | undefined {
  const literal = /^'(.*)'$/s.exec(source)?.[1];
  if (literal !== undefined) return literal;
  const [, context, header] =
    /^(?:context\.([\w.-]+)|method\.request\.header\.([\w-]+))$/.exec(source) ?? [];
  if (context !== undefined) return values[context];
  return header === undefined ? undefined : requestHeader(header.toLowerCase());
}

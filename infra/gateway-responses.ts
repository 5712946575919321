import {
  forbidden,
  internalError,
  notFound,
  payloadTooLarge,
  rateLimited,
  unauthorized,
  unsupportedMediaType,
} from '../shared/contract/core-errors.ts';
import { type ErrorKind, problemType } from '../shared/contract/errors.ts';
import { securityHeaders } from '../shared/http/reply.ts';

/** What API Gateway answers on its own, without any function: the reply to one of its response types. */
interface GatewayReply extends ErrorKind {
  readonly headers?: Readonly<Record<string, string>>;
}

const badRequest: GatewayReply = {
  status: 400,
  code: 'bad_request',
  title: 'Bad request',
  detail: 'The request is not one that this API can read.',
};
const signedRequest: GatewayReply = {
  ...forbidden,
  detail: 'This API does not take AWS signatures.',
};
const gatewayTimeout: GatewayReply = {
  status: 504,
  code: 'timeout',
  title: 'Timeout',
  detail: 'The service did not answer in time. Try again in a moment.',
};
const badGateway: GatewayReply = {
  ...internalError,
  status: 502,
  code: 'bad_gateway',
  title: 'Bad gateway',
};

/** Errors that only API Gateway makes; its others have codes of the catalogue. */
export const gatewayErrors: readonly GatewayReply[] = [badRequest, badGateway, gatewayTimeout];

/** Every response type that API Gateway knows. One that is missing here would fall to a default. */
const replies: Readonly<Record<string, GatewayReply>> = {
  UNAUTHORIZED: { ...unauthorized, headers: { 'www-authenticate': 'Bearer' } },
  ACCESS_DENIED: forbidden,
  EXPIRED_TOKEN: signedRequest,
  INVALID_SIGNATURE: signedRequest,
  INVALID_API_KEY: forbidden,
  // What API Gateway says for every path and method that it does not have.
  MISSING_AUTHENTICATION_TOKEN: notFound,
  RESOURCE_NOT_FOUND: notFound,
  BAD_REQUEST_BODY: badRequest,
  BAD_REQUEST_PARAMETERS: badRequest,
  REQUEST_TOO_LARGE: payloadTooLarge,
  UNSUPPORTED_MEDIA_TYPE: unsupportedMediaType,
  THROTTLED: { ...rateLimited, headers: { 'retry-after': '1' } },
  QUOTA_EXCEEDED: { ...rateLimited, headers: { 'retry-after': '3600' } },
  // Only the rate rule of the web ACL ends here: its origin rule answers by itself.
  WAF_FILTERED: { ...rateLimited, headers: { 'retry-after': '300' } },
  API_CONFIGURATION_ERROR: internalError,
  AUTHORIZER_CONFIGURATION_ERROR: internalError,
  AUTHORIZER_FAILURE: internalError,
  INTEGRATION_FAILURE: gatewayTimeout,
  INTEGRATION_TIMEOUT: gatewayTimeout,
  DEFAULT_4XX: badRequest,
  // A function that broke off or gave an answer that is none.
  DEFAULT_5XX: badGateway,
};

/** `x-amazon-apigateway-gateway-responses`: problem details for every error of the gateway itself. */
export function gatewayResponses(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(replies).map(([type, reply]) => [type, gatewayResponse(reply)]),
  );
}

function gatewayResponse({ headers = {}, ...problem }: GatewayReply) {
  const literals = { 'content-type': 'application/problem+json', ...securityHeaders, ...headers };
  return {
    statusCode: String(problem.status),
    responseParameters: {
      ...Object.fromEntries(
        Object.entries(literals).map(([name, value]) => [
          `gatewayresponse.header.${name}`,
          literal(value),
        ]),
      ),
      'gatewayresponse.header.x-request-id': 'context.requestId',
    },
    responseTemplates: {
      'application/json': JSON.stringify({
        type: problemType(problem.code),
        title: problem.title,
        status: problem.status,
        detail: problem.detail,
        code: problem.code,
        request_id: '$context.requestId',
      }),
    },
  };
}

const literal = (value: string) => `'${value}'`;

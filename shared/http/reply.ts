import type { APIGatewayProxyResult } from 'aws-lambda';

/** What a handler answers. An object body is sent as JSON; a string needs its content type named. */
export interface Reply {
  status: number;
  body?: object | string;
  headers?: Record<string, string>;
}

/** Headers of every answer of the API. Pages bring their own content security policy. */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
} as const;

/** A reply as API Gateway wants it. */
export function toResult(reply: Reply, requestId: string): APIGatewayProxyResult {
  const { status, body, headers } = reply;
  const isJson = typeof body === 'object';
  return {
    statusCode: status,
    headers: {
      ...securityHeaders,
      'x-request-id': requestId,
      ...(isJson && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: isJson ? JSON.stringify(body) : (body ?? ''),
  };
}

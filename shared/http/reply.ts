import type { APIGatewayProxyResult } from 'aws-lambda';
import type { ServedEndpoint } from '../contract/endpoint.ts';

interface Head {
  status: number;
  headers?: Record<string, string>;
}

/** An answer as a whole. An object body is sent as JSON; a string needs its content type named. */
export interface Reply extends Head {
  body?: object | string;
}

/** An answer that goes out piece by piece, from an endpoint that streams. */
export interface StreamedReply extends Head {
  body: AsyncIterable<string>;
}

/** What the handler of an endpoint answers. */
export type ReplyOf<E extends ServedEndpoint> = E extends { streams: true } ? StreamedReply : Reply;

export function isStreamed(reply: Reply | StreamedReply): reply is StreamedReply {
  return typeof reply.body === 'object' && Symbol.asyncIterator in reply.body;
}

/** Headers of every answer of the API. Pages set their own content security policy. */
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

import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { methodNotAllowed } from '../../shared/contract/core-errors.ts';
import { gatewayPaths } from '../../shared/contract/endpoint.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { endpoints } from '../../shared/contract/registry.ts';
import { errorReply } from '../../shared/http/error-reply.ts';
import { toResult } from '../../shared/http/reply.ts';

/** Answers the methods that a path does not have; OPTIONS lists those it has. */
export async function handler(event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> {
  const { requestId } = event.requestContext;
  const methods = endpoints
    .filter((endpoint) => gatewayPaths(endpoint).includes(event.resource))
    .map(({ method }) => method);
  const headers = { allow: [...new Set(methods), 'OPTIONS'].join(', ') };
  if (event.httpMethod === 'OPTIONS') return toResult({ status: 204, headers }, requestId);
  return toResult(
    errorReply(new AppError(methodNotAllowed, { headers }), requestId, false),
    requestId,
  );
}

import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { busy, internalError } from '../contract/core-errors.ts';
import { faults, latency } from '../contract/core-metrics.ts';
import type { ServedEndpoint } from '../contract/endpoint.ts';
import { AppError } from '../contract/errors.ts';
import { logger } from '../runtime/logger.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { requestContext } from '../runtime/request-context.ts';
import { clientOf, prefersHtml } from './client.ts';
import { errorReply } from './error-reply.ts';
import { rateLimitFields } from './rate-limit-fields.ts';
import { type ReplyOf, toResult } from './reply.ts';
import {
  begin,
  type Middleware,
  type Outlet,
  type StreamHandler,
  sending,
  streamed,
} from './stream.ts';

type Handler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;
type HandlerOf<E extends ServedEndpoint> = E extends { streams: true } ? StreamHandler : Handler;
type Answered = { response?: APIGatewayProxyResult | null | undefined };

/**
 * The one chain that every request goes through: it logs and measures, runs `serve`, turns every
 * error into problem details, and sends what an endpoint streams.
 */
export function chain<E extends ServedEndpoint>(
  endpoint: E,
  serve: (event: APIGatewayProxyEvent) => Promise<ReplyOf<E>>,
): HandlerOf<E> {
  const lambda = middy<APIGatewayProxyEvent, APIGatewayProxyResult, Error, Context>()
    .use(observed(endpoint))
    .use(situated(endpoint))
    .use(sending())
    .use(limited())
    .use(problems(endpoint))
    .handler(async (event) =>
      toResult(await begin(await serve(event)), event.requestContext.requestId),
    );
  const run = (event: APIGatewayProxyEvent, context: Context, outlet?: Outlet) =>
    requestContext.run({ allowances: [], outlet }, () => lambda(event, context));
  const whole: Handler = (event, context) => run(event, context);
  return (endpoint.streams ? streamed(run) : whole) as HandlerOf<E>;
}

/** One log line for every request, its latency, and whether it was a fault of ours. */
function observed(endpoint: ServedEndpoint): Middleware {
  let startedAtMs = 0;
  const finish = ({ response }: Answered) => {
    const durationMs = Date.now() - startedAtMs;
    logger.info('request', { status: response?.statusCode, duration_ms: durationMs });
    recordMetric(latency, durationMs, { endpoint: endpoint.id });
    if (!response || response.statusCode >= 500) recordMetric(faults, 1, { endpoint: endpoint.id });
    logger.resetKeys();
  };
  return {
    before: ({ event, context }) => {
      startedAtMs = Date.now();
      logger.addContext(context);
      logger.appendKeys({ request_id: event.requestContext.requestId, endpoint: endpoint.id });
    },
    after: finish,
    onError: finish,
  };
}

/** Notes for the audit log where a request comes from. Who calls is noted once that is verified. */
function situated({ id }: ServedEndpoint): Middleware {
  return {
    before: ({ event }) => {
      const request = requestContext.getStore();
      if (!request) return;
      request.address = clientOf(event).address;
      request.actor = { kind: 'system', id };
    },
  };
}

/** Adds the header fields for the limits that the request was counted against. */
function limited(): Middleware {
  const addHeaders = ({ response }: Answered) => {
    const allowances = requestContext.getStore()?.allowances ?? [];
    if (response) response.headers = { ...response.headers, ...rateLimitFields(allowances) };
  };
  return { after: addHeaders, onError: addHeaders };
}

/** Expected errors tell what is wrong; all others are one sentence, and a log line with the cause. */
function problems(endpoint: ServedEndpoint): Middleware {
  return {
    onError: (request) => {
      const { requestId } = request.event.requestContext;
      const error = toAppError(request.error);
      if (error.status >= 500) logUnexpected(request.error);
      else logger.info('refused', { code: error.code });
      const asPage = endpoint.page === true && prefersHtml(request.event);
      request.response = toResult(errorReply(error, requestId, asPage), requestId);
    },
  };
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isTransient(error)) {
    return new AppError(busy, { headers: { 'retry-after': '2' }, cause: error });
  }
  return new AppError(internalError, { cause: error });
}

/** Whether an AWS service was throttling, failing, too slow or out of reach: worth another try. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { $fault, $retryable, code } = error as {
    $fault?: string;
    $retryable?: object;
    code?: string;
  };
  if ($fault === 'server' || $retryable !== undefined) return true;
  return transientNames.has(error.name) || transientNames.has(code ?? '');
}

const transientNames = new Set([
  'TimeoutError',
  'TransactionConflictException',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
]);

/** Only name, message and stack: SDK errors carry items of the table along. */
function logUnexpected(error: unknown): void {
  let cause = error;
  for (let depth = 0; cause instanceof Error && depth < 4; depth += 1) {
    const { name, message, stack } = cause;
    logger.error('failed', { error_name: name, error_message: message, stack });
    cause = cause.cause;
  }
}

import { MetricUnit } from '@aws-lambda-powertools/metrics';
import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { Access, Endpoint } from '../contract/endpoint.ts';
import type { LimitName } from '../contract/limits.ts';
import { AppError } from '../errors.ts';
import { type Allowance, count, rateLimited, rateLimitHeaders } from '../limits.ts';
import { logger, metrics } from '../observe.ts';
import { authorize, authorizeApiKey, readPrincipal } from './authenticate.ts';
import type { Call } from './call.ts';
import { clientOf, prefersHtml } from './client.ts';
import { readInput } from './input.ts';
import { errorReply, type Reply, toResult } from './reply.ts';

type Middleware = MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult, Error, Context>;

/**
 * Makes the Lambda handler of an endpoint: the one chain that every request goes through. It logs,
 * validates the input, checks who calls and whether they may, and turns every error into problem
 * details. `work` gets what is left to do.
 */
export function handle<E extends Endpoint>(endpoint: E, work: (call: Call<E>) => Promise<Reply>) {
  const limited = new Limited();
  return middy<APIGatewayProxyEvent, APIGatewayProxyResult, Error, Context>()
    .use(observed(endpoint))
    .use(limited.headers())
    .use(problems(endpoint))
    .handler(async (event) => {
      limited.start();
      const { requestId } = event.requestContext;
      const access: Access = endpoint.access;
      const principal = access.kind === 'bearer' ? readPrincipal(event) : undefined;
      if (principal)
        logger.appendKeys({ tenant_id: principal.tenantId, user_id: principal.userId });

      const proceed = (caller: object) =>
        work({
          ...caller,
          ...readInput(endpoint, event),
          client: clientOf(event),
          admit: limited.admit,
          wantsPage: prefersHtml(event),
          event,
        } as unknown as Call<E>);

      if (access.kind === 'apiKey') {
        const key = await authorizeApiKey(access, event);
        logger.appendKeys({ tenant_id: key.tenantId, api_key_id: key.apiKeyId });
        return toResult(await proceed(key), requestId);
      }
      if (access.kind !== 'bearer' || !principal) return toResult(await proceed({}), requestId);
      if (endpoint.method !== 'GET')
        return toResult(await proceed(await authorize(access, principal)), requestId);

      // Reading changes nothing, so it goes on beside the check; its outcome waits for the verdict.
      const [authorized, reply] = await Promise.allSettled([
        authorize(access, principal),
        proceed(principal),
      ]);
      if (authorized.status === 'rejected') throw authorized.reason;
      if (reply.status === 'rejected') throw reply.reason;
      return toResult(reply.value, requestId);
    });
}

/** Counts against limits and tells the caller where they stand. One request at a time per container. */
class Limited {
  #allowances: Allowance[] = [];

  start(): void {
    this.#allowances = [];
  }

  readonly admit = async (limit: LimitName, subject: string): Promise<void> => {
    const allowance = await count(limit, subject);
    this.#allowances.push(allowance);
    if (allowance.exceeded) throw rateLimited(allowance);
  };

  headers(): Middleware {
    const add = ({ response }: { response?: APIGatewayProxyResult | null | undefined }) => {
      if (response)
        response.headers = { ...response.headers, ...rateLimitHeaders(this.#allowances) };
    };
    return { after: add, onError: add };
  }
}

/** One log line and one latency metric for every request. */
function observed(endpoint: Endpoint): Middleware {
  let startedAtMs = 0;
  const finish = ({ response }: { response?: APIGatewayProxyResult | null | undefined }) => {
    const durationMs = Date.now() - startedAtMs;
    logger.info('request', { status: response?.statusCode, duration_ms: durationMs });
    metrics.addMetric('Latency', MetricUnit.Milliseconds, durationMs);
    metrics.publishStoredMetrics();
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

/** Expected errors tell what is wrong; all others are one sentence, and a log line with the cause. */
function problems(endpoint: Endpoint): Middleware {
  return {
    onError: (request) => {
      const { requestId } = request.event.requestContext;
      const expected = toAppError(request.error);
      if (expected.status >= 500) logUnexpected(request.error);
      else logger.info('refused', { code: expected.code });
      const asPage = endpoint.page === true && prefersHtml(request.event);
      request.response = toResult(errorReply(expected, requestId, asPage), requestId);
    },
  };
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isPassingFailure(error))
    return new AppError('busy', { headers: { 'retry-after': '2' }, cause: error });
  return new AppError('internal_error', { cause: error });
}

/** Whether an AWS service was throttling, failing or too slow: worth the caller's next try. */
function isPassingFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { $fault, $retryable } = error as { $fault?: string; $retryable?: object };
  return (
    $fault === 'server' ||
    $retryable !== undefined ||
    error.name === 'TimeoutError' ||
    error.name === 'TransactionConflictException'
  );
}

/** Only name, message and stack: SDK errors carry items of the table along. */
function logUnexpected(error: unknown): void {
  for (
    let cause = error, depth = 0;
    cause instanceof Error && depth < 4;
    cause = cause.cause, depth += 1
  ) {
    logger.error('failed', {
      error_name: cause.name,
      error_message: cause.message,
      stack: cause.stack,
    });
  }
}

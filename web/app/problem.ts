import type { FieldError, Problem } from '../../shared/contract/errors.ts';
import { retryAfterMs } from '../../shared/http/retry-after.ts';
import { clock, duration } from '../components/format.ts';

/** A request that did not succeed: a problem document of the API, or no usable answer at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The problem's stable code, or `unreachable` or `unexpected_answer`. */
  readonly code: string;
  /** HTTP status, 0 without an answer. */
  readonly status: number;
  readonly requestId: string | undefined;
  readonly fields: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: string,
    status: number,
    detail: string,
    more: { requestId?: string; fields?: readonly FieldError[]; retryAfterSeconds?: number } = {},
  ) {
    super(detail);
    this.code = code;
    this.status = status;
    this.requestId = more.requestId;
    this.fields = more.fields ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** The session is over and the page has already turned to the sign-in form: nothing to show. */
export class SessionEndedError extends Error {
  override readonly name = 'SessionEndedError';
}

/** Without an active subscription there is nothing to show: the page has already turned to it. */
export class NoSubscriptionError extends SessionEndedError {}

const withoutSubscription = new Set(['subscription_pending', 'tenant_suspended']);

/** Whether the API refuses everything of the tenant because it has no active subscription. */
export const isWithoutSubscription = (error: unknown): boolean =>
  error instanceof ApiError && withoutSubscription.has(error.code);

/** Reads an unsuccessful answer. Proxies may answer with something that is no problem document. */
export async function readProblem(response: Response): Promise<ApiError> {
  const retryAfterSeconds = secondsOf(response.headers.get('retry-after'));
  const body: unknown = await response.json().catch(() => undefined);
  const problem = isProblem(body) ? body : undefined;
  return new ApiError(
    problem?.code ?? 'unexpected_answer',
    response.status,
    problem?.detail ?? `The service answered ${response.status} without saying why.`,
    {
      ...(problem?.request_id && { requestId: problem.request_id }),
      ...(problem?.errors && { fields: problem.errors }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    },
  );
}

/** What went wrong and what to do about it, in words for a person. */
export function explain(error: unknown, now = new Date()): string {
  if (!(error instanceof ApiError)) return 'Something went wrong in this page. Reload it.';
  const wait = error.retryAfterSeconds;
  const when =
    wait === undefined
      ? ''
      : ` Try again in ${duration(wait)}, at ${clock(new Date(now.getTime() + wait * 1000))}.`;
  if (error.status === 429) return `Too many attempts.${when || ' Try again later.'}`;
  const reference = error.status >= 500 && error.requestId ? ` (request ${error.requestId})` : '';
  return `${error.message}${when}${reference}`;
}

function secondsOf(retryAfter: string | null): number | undefined {
  const ms = retryAfterMs(retryAfter, Date.now());
  return ms === undefined ? undefined : Math.ceil(ms / 1000);
}

function isProblem(body: unknown): body is Problem {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'detail' in body &&
    typeof body.detail === 'string'
  );
}

/** Every expected error of the product: its stable code, HTTP status and default sentence. */
const catalogue = {
  malformed_json: [400, 'Malformed JSON', 'The body is not one well-formed JSON value.'],
  invalid_cursor: [
    400,
    'Invalid cursor',
    'The cursor is not one that this list gave out, or it has expired. Start again without it.',
  ],
  invalid_registration_token: [
    400,
    'Invalid registration token',
    'AWS Marketplace does not know this registration token. In the AWS console, open AWS Marketplace > Manage subscriptions, choose the product and click "Set up your account" again.',
  ],
  expired_registration_token: [
    400,
    'Expired registration token',
    'This registration token has expired. In the AWS console, open AWS Marketplace > Manage subscriptions, choose the product and click "Set up your account" for a fresh one.',
  ],
  wrong_product: [
    400,
    'Wrong product',
    'This registration token belongs to another AWS Marketplace product.',
  ],
  unauthorized: [
    401,
    'Unauthorized',
    'A valid access token is required: Authorization: Bearer <token>.',
  ],
  invalid_credentials: [401, 'Invalid credentials', 'The email or the password is wrong.'],
  invalid_refresh_token: [
    401,
    'Invalid refresh token',
    'The refresh token is unknown, spent, revoked or expired. Sign in again.',
  ],
  invalid_ticket: [
    401,
    'Invalid registration ticket',
    'The registration ticket is invalid or has expired. Return to AWS Marketplace and click "Set up your account" again.',
  ],
  invalid_api_key: [401, 'Invalid API key', 'A valid API key is required in the X-Api-Key header.'],
  forbidden: [403, 'Forbidden', 'Your role does not allow this.'],
  insufficient_scope: [
    403,
    'Insufficient scope',
    'The API key lacks the scope that this endpoint needs.',
  ],
  subscription_pending: [
    403,
    'Subscription pending',
    'Your subscription is being activated. Try again in a few minutes.',
  ],
  tenant_suspended: [403, 'Tenant suspended', 'The subscription of this tenant has ended.'],
  not_found: [404, 'Not found', 'There is nothing at this address.'],
  method_not_allowed: [
    405,
    'Method not allowed',
    'This address does not answer to that method; see the Allow header.',
  ],
  email_taken: [
    409,
    'Email already registered',
    'An account with this email exists. Sign in instead.',
  ],
  profile_completed: [
    409,
    'Profile already completed',
    'The profile of this tenant is complete. Sign in instead.',
  ],
  version_conflict: [
    409,
    'Changed meanwhile',
    'Somebody else changed this at the same moment. Read it again and repeat your change.',
  ],
  too_many_api_keys: [
    409,
    'Too many API keys',
    'This tenant has as many API keys as it may have. Delete one first.',
  ],
  too_many_webhooks: [
    409,
    'Too many webhooks',
    'This tenant has as many webhooks as it may have. Delete one first.',
  ],
  webhook_disabled: [
    409,
    'Webhook disabled',
    'This webhook is switched off. Switch it on first: PATCH with enabled true.',
  ],
  eni_claimed: [
    409,
    'Network interface claimed',
    'Another tenant has claimed a network interface of this list, so none was registered; see errors.',
  ],
  too_many_enis: [
    409,
    'Too many network interfaces',
    'This tenant has as many network interfaces as it may have. Delete one first.',
  ],
  payload_too_large: [413, 'Payload too large', 'The body is larger than this endpoint accepts.'],
  unsupported_media_type: [
    415,
    'Unsupported media type',
    'This endpoint does not accept a body of that Content-Type.',
  ],
  validation_failed: [
    422,
    'Validation failed',
    'The request does not have the shape that this endpoint expects; see errors.',
  ],
  rate_limited: [
    429,
    'Too many requests',
    'A limit is reached. Wait for as long as the Retry-After header says.',
  ],
  internal_error: [
    500,
    'Internal error',
    'Something went wrong on our side. Quote the request id when you ask for help.',
  ],
  marketplace_misconfigured: [
    500,
    'Internal error',
    'AWS Marketplace refused our request. We have been alerted; try again later.',
  ],
  marketplace_unavailable: [
    503,
    'AWS Marketplace unavailable',
    'AWS Marketplace did not answer. Nothing is lost: try again in a moment.',
  ],
  no_credentials: [
    409,
    'No seller credentials',
    'This tenant has no credentials for that seller marketplace. Save them first.',
  ],
  seller_key_refused: [
    422,
    'ChannelAdapter key refused',
    'The seller marketplace does not accept this key. Check that it is complete, not expired and not revoked.',
  ],
  seller_key_scope: [
    422,
    'ChannelAdapter key lacks access',
    'The seller marketplace accepts this key, but it lacks a category or role that reading products needs.',
  ],
  seller_unavailable: [
    503,
    'ChannelAdapter marketplace unavailable',
    'The seller marketplace did not answer as it should, so the key could not be tried. Try again, or save it untried with save_unverified.',
  ],
  busy: [503, 'Busy', 'The service is busy. Try again in a moment.'],
} as const satisfies Record<string, readonly [status: number, title: string, detail: string]>;

export type ErrorCode = keyof typeof catalogue;
export const errorCodes = Object.keys(catalogue) as ErrorCode[];

/** One thing wrong with a request; `pointer` is an RFC 6901 JSON pointer into the named part. */
export interface FieldError {
  in: 'body' | 'query' | 'path';
  pointer: string;
  detail: string;
}

/** An expected outcome that is not success. Only these ever show their message to a caller. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly FieldError[] | undefined;

  constructor(
    code: ErrorCode,
    options: {
      detail?: string;
      headers?: Record<string, string>;
      errors?: FieldError[];
      cause?: unknown;
    } = {},
  ) {
    const [status, title, detail] = catalogue[code];
    super(options.detail ?? detail, { cause: options.cause });
    this.code = code;
    this.status = status;
    this.title = title;
    this.headers = options.headers ?? {};
    this.errors = options.errors;
  }
}

/** RFC 9457 problem details, as every error body of the API is shaped. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id: string;
  errors?: readonly FieldError[];
}

export function toProblem(error: AppError, requestId: string): Problem {
  return {
    type: problemType(error.code),
    title: error.title,
    status: error.status,
    detail: error.message,
    code: error.code,
    request_id: requestId,
    ...(error.errors && { errors: error.errors }),
  };
}

/** The stable identifier of a kind of problem: one URN per code. */
export const problemType = (code: string): string => `urn:tenantry:problem:${code}`;

/** Status and texts of a code, for documents. */
export function describeError(code: ErrorCode): { status: number; title: string; detail: string } {
  const [status, title, detail] = catalogue[code];
  return { status, title, detail };
}

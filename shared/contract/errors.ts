import { validationFailed } from './core-errors.ts';
/** An expected error: its stable code, HTTP status and default sentence. Each area exports its own. */
export interface ErrorKind {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

/** One thing wrong with a request; `pointer` is an RFC 6901 JSON pointer into the named part. */
export interface FieldError {
  in: 'body' | 'query' | 'path';
  pointer: string;
  detail: string;
}

/** An expected outcome that is not success. Only these ever show their message to a caller. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly FieldError[] | undefined;

  constructor(
    kind: ErrorKind,
    options: {
      detail?: string;
      headers?: Record<string, string>;
      errors?: FieldError[];
      cause?: unknown;
    } = {},
  ) {
    super(options.detail ?? kind.detail, { cause: options.cause });
    this.code = kind.code;
    this.status = kind.status;
    this.title = kind.title;
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

/** Throws `validation_failed` for names in the body's list at `pointer` that are not known. */
export function assertKnown(
  names: readonly string[],
  known: readonly string[],
  pointer: string,
  detail: string,
): void {
  const errors = names.flatMap((name, index): FieldError[] =>
    known.includes(name) ? [] : [{ in: 'body', pointer: `${pointer}/${index}`, detail }],
  );
  if (errors.length > 0) throw new AppError(validationFailed, { errors });
}

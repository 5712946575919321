import type * as z from 'zod/mini';
import { type HttpRequest, type HttpResponse, headerOf } from '../runtime/http.ts';

/** A request to the console, and what the pattern of its route captured. */
export interface ConsoleMatch {
  readonly request: HttpRequest;
  readonly parameters: readonly string[];
}

export type ConsoleAction = (match: ConsoleMatch) => Promise<HttpResponse> | HttpResponse;

/** A path below that of the console, and what its methods do. */
export type ConsoleRoute = readonly [RegExp, Readonly<Record<string, ConsoleAction>>];

/** A refusal of the console, with the status and words it answers. */
export class ConsoleError extends Error {
  readonly status: number;
  readonly code: string;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly headers: readonly (readonly [string, string])[];

  constructor(
    status: number,
    code: string,
    detail: string,
    {
      extra = {},
      headers = [],
    }: { extra?: Record<string, unknown>; headers?: readonly (readonly [string, string])[] } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.extra = extra;
    this.headers = headers;
  }
}

/** The body of a request to the console. Throws a ConsoleError when it is not what the path takes. */
export function bodyOf<S extends z.ZodMiniType>(request: HttpRequest, schema: S): z.output<S> {
  const type = headerOf(request.headers, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  if (request.isBodyTooLarge || request.body.length > 64 * 1024)
    throw new ConsoleError(413, 'payload_too_large', 'The body is too large.');
  if (request.body.length > 0 && type !== 'application/json') {
    throw new ConsoleError(415, 'unsupported_media_type', 'The body must be application/json.');
  }
  const result = schema.safeParse(parseJson(request.body));
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    in: 'body',
    pointer: path
      .map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join(''),
    detail: message,
  }));
  throw new ConsoleError(400, 'validation_failed', 'The body is not what this path takes.', {
    extra: { errors },
  });
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new ConsoleError(400, 'malformed_json', 'The body is not JSON.');
  }
}

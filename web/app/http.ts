import type * as z from 'zod/mini';
import type { Endpoint } from '../../shared/contract/endpoint.ts';
import { ApiError, readProblem } from './problem.ts';

/** What an endpoint is called with: those of body, query and path that its entry has. */
export type InputOf<E extends Endpoint> = {
  /** Ends the request when the page no longer needs it. */
  readonly signal?: AbortSignal;
} & (E['body'] extends z.ZodMiniType ? { readonly body: BodyOf<E> } : unknown) &
  (E['query'] extends z.ZodMiniType ? { readonly query?: QueryOf<E> } : unknown) &
  (E['path'] extends z.ZodMiniType ? { readonly path: z.input<E['path']> } : unknown);

/** The body that an endpoint accepts. */
export type BodyOf<E extends Endpoint> = z.input<NonNullable<E['body']>>;

/** The query of an endpoint. It coerces text, so what a caller means is what comes out of it. */
export type QueryOf<E extends Endpoint> = Partial<z.output<NonNullable<E['query']>>>;

type Success = 200 | 201 | 202 | 204;

/** What an endpoint answers when it succeeds; undefined where it answers nothing. */
export type AnswerOf<E extends Endpoint> = {
  [Status in keyof E['responses'] & Success]: E['responses'][Status] extends {
    readonly schema: infer S extends z.ZodMiniType;
  }
    ? z.output<S>
    : undefined;
}[keyof E['responses'] & Success];

/** Body, query and path of any endpoint. */
interface AnyInput {
  readonly body?: unknown;
  readonly query?: object;
  readonly path?: unknown;
  readonly signal?: AbortSignal;
}

/** Longer than the API itself ever takes. */
const timeoutMs = 35_000;
/** A file comes for as long as there is something to send. */
const fileTimeoutMs = 15 * 60_000;

/**
 * Sends one request. Throws an ApiError for every answer that is not a success, and the signal's
 * AbortError if the caller gave up.
 */
export function send<E extends Endpoint>(
  endpoint: E,
  input: InputOf<E>,
  token?: string,
): Promise<AnswerOf<E>> {
  return exchange(endpoint, input, { token, accept: 'application/json', timeoutMs }, (response) =>
    response.status === 204 ? undefined : response.json(),
  );
}

/** Fetches a file to its end. Throws as `send` does, also when it breaks off. */
export function download<E extends Endpoint>(
  endpoint: E,
  input: InputOf<E>,
  token?: string,
): Promise<Blob> {
  return exchange(endpoint, input, { token, accept: '*/*', timeoutMs: fileTimeoutMs }, (response) =>
    response.blob(),
  );
}

async function exchange<R>(
  endpoint: Endpoint,
  input: AnyInput,
  options: { token: string | undefined; accept: string; timeoutMs: number },
  read: (response: Response) => R | Promise<R>,
): Promise<R> {
  const { body, signal } = input;
  const { token, accept } = options;
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const request: RequestInit = {
    method: endpoint.method,
    headers: {
      accept,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    credentials: 'omit',
    cache: 'no-store',
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
  try {
    const response = await fetch(address(endpoint, input), request);
    if (!response.ok) throw await readProblem(response);
    return await read(response);
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    throw new ApiError(
      'unreachable',
      0,
      'The service did not answer. Check your connection and try again.',
    );
  }
}

function address({ paths }: Endpoint, { path = {}, query = {} }: AnyInput): string {
  const segments = new Map(Object.entries(path as object));
  const pathname = paths[0].replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(segments.get(name) ?? ''),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size > 0 ? `${pathname}?${search}` : pathname;
}

import type { Endpoint } from '../../shared/contract/endpoint.ts';
import { ApiError, readProblem } from './problem.ts';

/** An endpoint as the page calls it. A test holds each against the contract's entry of that id. */
export interface Call {
  readonly id: string;
  readonly method: Endpoint['method'];
  readonly path: string;
}

export interface Parameters {
  readonly body?: object;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly path?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Longer than the API itself ever takes. */
const timeoutMs = 35_000;
/** A file comes for as long as there is something to send. */
const fileTimeoutMs = 15 * 60_000;

/**
 * Sends one request. `R` is what the contract says the answer is; 204 answers undefined.
 * Throws an ApiError for everything else, and the signal's AbortError if the caller gave up.
 */
export function send<R>(call: Call, parameters: Parameters, token?: string): Promise<R> {
  const read = async (response: Response) =>
    (response.status === 204 ? undefined : await response.json()) as R;
  return exchange(call, parameters, { token, accept: 'application/json', timeoutMs }, read);
}

/** Fetches a file to its end. Throws as `send` does, also when it breaks off. */
export function download(
  call: Call,
  parameters: Parameters,
  { token, type }: { token: string; type: string },
): Promise<Blob> {
  const accept = `${type}, application/problem+json`;
  return exchange(call, parameters, { token, accept, timeoutMs: fileTimeoutMs }, (response) =>
    response.blob(),
  );
}

async function exchange<R>(
  call: Call,
  parameters: Parameters,
  options: { token: string | undefined; accept: string; timeoutMs: number },
  read: (response: Response) => Promise<R>,
): Promise<R> {
  const { body, signal } = parameters;
  const { token, accept } = options;
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const request: RequestInit = {
    method: call.method,
    headers: {
      accept,
      ...(body && { 'content-type': 'application/json' }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    credentials: 'omit',
    cache: 'no-store',
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    ...(body && { body: JSON.stringify(body) }),
  };
  try {
    const response = await fetch(address(call, parameters), request);
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

function address(call: Call, { path = {}, query = {} }: Parameters): string {
  const pathname = call.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(path[name] ?? ''),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return search.size > 0 ? `${pathname}?${search}` : pathname;
}

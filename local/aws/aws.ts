import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type HttpRequest,
  type HttpResponse,
  headerOf,
  type Listener,
  listen,
  readRequest,
  writeResponse,
} from '../runtime/http.ts';
import { isRecord } from '../runtime/json.ts';
import type { Identities, Principal } from './iam.ts';

/** Account and region that the local cloud lies in. */
export const account = '000000000000';
export const region = 'us-east-1';

/** An error as an AWS service answers it: SDK clients throw it by its name. */
export class AwsError extends Error {
  readonly status: number;
  /** Members of the error beside its message. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    name: string,
    message: string,
    status = 400,
    members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = name;
    this.status = status;
    this.members = members;
  }
}

/** The call is not answered: its connection breaks off. */
export class Unanswered extends Error {}

/** One call of an AWS API. */
export interface AwsCall {
  readonly principal: Principal;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Settled when the caller has gone. */
  readonly abandoned: Promise<void>;
}

export interface AwsJsonService {
  /** Prefix of `X-Amz-Target`: `secretsmanager` */
  readonly target: string;
  /** `1.0` or `1.1` */
  readonly version: '1.0' | '1.1';
  readonly identities: Identities;
  readonly handle: (call: AwsCall) => Promise<Record<string, unknown>>;
  readonly onError?: (error: unknown) => void;
}

/** Answers a request that was read. */
export type HttpAnswer = (
  message: IncomingMessage,
  response: ServerResponse,
  request: HttpRequest,
) => Promise<void>;

/** Serves an API of the AWS JSON protocol on its own port. */
export function serveAwsJson(service: AwsJsonService): Promise<Listener> {
  return onItsOwn(answerAwsJson([service]));
}

/** Answers the calls of several APIs of the AWS JSON protocol. */
export function answerAwsJson(
  services: readonly [AwsJsonService, ...AwsJsonService[]],
): HttpAnswer {
  return (message, response, request) => {
    const [prefix, action = ''] = (headerOf(request.headers, 'x-amz-target') ?? '').split('.');
    const known = services.find(({ target }) => target === prefix);
    const service = known ?? services[0];
    const route = () => {
      if (known && action && request.method === 'POST') return action;
      throw new AwsError(
        'UnknownOperationException',
        'The requested operation is not one of this service',
      );
    };
    const type = `application/x-amz-json-${service.version}`;
    return answerAws(service, type, route)(message, response, request);
  };
}

/** Serves an AWS API on its own port; `route` names the action of a request, or throws. */
export function serveAws(
  service: Pick<AwsJsonService, 'identities' | 'handle' | 'onError'>,
  type: string,
  route: (request: HttpRequest) => string,
): Promise<Listener> {
  return onItsOwn(answerAws(service, type, route));
}

/** Serves on a port of its own. */
export function onItsOwn(answer: HttpAnswer): Promise<Listener> {
  return listen(async (message, response) => {
    await answer(message, response, await readRequest(message));
  });
}

function answerAws(
  service: Pick<AwsJsonService, 'identities' | 'handle' | 'onError'>,
  type: string,
  route: (request: HttpRequest) => string,
): HttpAnswer {
  return async (message, response, request) => {
    const abandoned = new Promise<void>((resolve) => response.once('close', resolve));
    const answer = await answerCall(service, type, route, request, abandoned);
    if (!answer) response.destroy();
    else if (!response.destroyed) writeResponse(message, response, answer);
  };
}

async function answerCall(
  service: Pick<AwsJsonService, 'identities' | 'handle' | 'onError'>,
  type: string,
  route: (request: HttpRequest) => string,
  request: HttpRequest,
  abandoned: Promise<void>,
): Promise<HttpResponse | undefined> {
  const reply = (status: number, value: unknown): HttpResponse => ({
    status,
    headers: [
      ['Content-Type', type],
      ['x-amzn-RequestId', randomUUID()],
    ],
    body: Buffer.from(JSON.stringify(value)),
  });
  try {
    const action = route(request);
    const principal = service.identities.principalOf(headerOf(request.headers, 'authorization'));
    const input = parseInput(request.body);
    return reply(200, await service.handle({ principal, action, input, abandoned }));
  } catch (error) {
    if (error instanceof Unanswered) return undefined;
    const known = error instanceof AwsError;
    if (!known) service.onError?.(error);
    const { name, message, status, members } = known
      ? error
      : new AwsError('InternalServiceError', 'The local fake failed', 500);
    const answer = reply(status, { __type: name, message, ...members });
    return { ...answer, headers: [...answer.headers, ['x-amzn-ErrorType', name]] };
  }
}

function parseInput(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString() || '{}');
    if (isRecord(value)) return value;
  } catch {
    // Answered below, as everything else that is no object.
  }
  throw new AwsError('SerializationException', 'The request body is not a JSON object');
}

/** A text member of an input. Throws the service's validation error when it is missing. */
export function textMember(
  input: Readonly<Record<string, unknown>>,
  name: string,
  errorName: string,
): string {
  const value = input[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError(
    errorName,
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}

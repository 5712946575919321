/// <reference types="vite/client" />
import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { type RunningRooms, startRooms } from '../local/features.ts';
import type { ResponseStream } from '../local/lambda/awslambda.ts';
import { type Endpoint, gatewayPaths, type Needs } from '../shared/contract/endpoint.ts';
import { endpoints } from '../shared/contract/registry.ts';
import { ProblemSchema } from '../shared/contract/schemas.ts';
import {
  rotateKeys,
  type SigningAlgorithm,
  type SigningKey,
  toVerificationKeys,
} from '../shared/identity/signing-keys.ts';
import { type Actions, type AwsServer, acceptedMessage, startAws } from './aws.ts';
import { createTable, type Database, startDatabase } from './dynamodb.ts';
import { underGrantsOf } from './grants.ts';
import { kmsActions, newKeyring } from './kms.ts';
import { type AnyHandler, callHandler, type StreamHandler } from './streams.ts';

// Each loads when first needed: a function reads its environment when it loads.
const handlers = import.meta.glob<{ handler: AnyHandler }>('../functions/**/*.ts');

export interface Answered<T = unknown> {
  status: number;
  headers: Record<string, string>;
  /** The parsed JSON body, or the text of any other. */
  body: T;
}

export interface Sent {
  token?: string | undefined;
  apiKey?: string | undefined;
  body?: unknown;
  /** Sent as it is, instead of `body` as JSON. */
  raw?: string;
  headers?: Record<string, string>;
  query?: Record<string, string | string[]>;
  address?: string;
}

interface Queued {
  queueUrl: string;
  body: string;
  delaySeconds: number;
  group: string;
}

/** The product in the test's own process: real handlers, real DynamoDB, secrets that a test may turn. */
export class World {
  database: Database | undefined;
  aws: AwsServer | undefined;
  signingKeys: SigningKey[] = [];
  /** Mail that functions have queued. Every sign-up does, so it is kept apart from the other messages. */
  readonly queuedMail: Queued[] = [];
  /** Other messages that functions have put into queues, the oldest first. */
  readonly queued: Queued[] = [];
  readonly keyring = newKeyring();
  #rooms: RunningRooms | undefined;
  /** Purchases by registration token, as AWS Marketplace would resolve them. */
  readonly purchases = new Map<string, object>();

  async start(algorithm: SigningAlgorithm = 'ES256'): Promise<void> {
    // A key that signs at whatever time a test goes to.
    this.signingKeys = await rotateKeys([], algorithm, 0);
    this.database = await startDatabase();
    this.aws = await startAws({
      GetSecretValue: ({ SecretId }) => this.#secret(String(SecretId)),
      SendMessage: (input) => this.#take(input),
      ResolveCustomer: ({ RegistrationToken }) => {
        const members = this.purchases.get(String(RegistrationToken));
        return members ? { members } : { error: 'InvalidTokenException' };
      },
      GetEntitlements: () => ({ members: { Entitlements: [] } }),
      DescribeAgreement: () => ({ members: {} }),
      GetAgreementTerms: () => ({ members: { acceptedTerms: [] } }),
      ...kmsActions(this.keyring),
    });
    this.#rooms = await startRooms({});
    Object.assign(process.env, this.#rooms.environment);
    process.env.AWS_ENDPOINT_URL_KMS = this.aws.endpoint;
    process.env.TABLE_NAME = `test-${randomUUID()}`;
    process.env.AWS_ENDPOINT_URL_DYNAMODB = this.database.endpoint;
    process.env.AWS_ENDPOINT_URL_SQS = this.aws.endpoint;
    process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = this.aws.endpoint;
    process.env.AWS_ENDPOINT_URL_MARKETPLACE_METERING = this.aws.endpoint;
    process.env.AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE = this.aws.endpoint;
    process.env.AWS_ENDPOINT_URL_MARKETPLACE_AGREEMENT = this.aws.endpoint;
    await createTable(this.database.endpoint, process.env.TABLE_NAME);
  }

  /** Lets AWS answer an action otherwise, until the end of the test. */
  awsAnswers(action: string, answer: Actions[string]): void {
    if (!this.aws) throw new Error('The world has not started');
    this.aws.actions[action] = answer;
  }

  /** How often AWS was asked so far. */
  get awsCalls(): number {
    return this.aws?.calls.length ?? 0;
  }

  /** What tests hold the fakes of a feature by, by feature. */
  get handles(): Readonly<Record<string, unknown>> {
    if (!this.#rooms) throw new Error('The world has not started');
    return this.#rooms.handles;
  }

  stop(): void {
    void this.#rooms?.stop();
    this.aws?.stop();
    this.database?.stop();
  }

  #take(input: Record<string, unknown>) {
    const { QueueUrl, MessageBody, DelaySeconds = 0, MessageGroupId } = input;
    const queued = String(QueueUrl).endsWith('/mail') ? this.queuedMail : this.queued;
    queued.push({
      queueUrl: String(QueueUrl),
      body: String(MessageBody),
      delaySeconds: Number(DelaySeconds),
      group: String(MessageGroupId),
    });
    return acceptedMessage(input);
  }

  #secret(name: string) {
    const values: Record<string, string> = {
      'signing-keys': JSON.stringify({ keys: this.signingKeys }),
      'verification-keys': JSON.stringify({ keys: toVerificationKeys(this.signingKeys) }),
      'sealing-key': 'a sealing key for tests only',
    };
    const SecretString = values[name];
    return SecretString ? { members: { SecretString } } : { error: 'ResourceNotFoundException' };
  }

  /** Sends a request to the endpoint that the contract has for it, through the authorizer where it has one. */
  async send<T = unknown>(method: string, path: string, sent: Sent = {}): Promise<Answered<T>> {
    const { endpoint, event } = await this.request(method, path, sent);
    if (!event) return { status: 401, headers: {}, body: { code: 'unauthorized' } as T };
    const answered = await this.invoke(endpoint.id, event);
    assertContract(endpoint, answered);
    return answered as Answered<T>;
  }

  /** The endpoint of a request, and its event; none when the authorizer refuses it. */
  async request(method: string, path: string, sent: Sent = {}) {
    const [endpoint, pathParameters, resource] = findEndpoint(method, path);
    const event = toEvent(endpoint, path, resource, pathParameters, sent);
    if (endpoint.access.kind !== 'bearer') return { endpoint, event };
    const authorizer = await authorize(sent.token);
    event.requestContext.authorizer = authorizer;
    return { endpoint, event: authorizer && event };
  }

  /** Lets a handler stream its answer into a stream of the test's own. */
  async stream(id: string, event: APIGatewayProxyEvent, stream: ResponseStream): Promise<void> {
    const handler = (await this.#handler(id)) as StreamHandler;
    await underGrantsOf(id, needsOf(id), () => handler(event, stream, lambdaContext(id)));
  }

  async #handler(id: string): Promise<AnyHandler> {
    const load = handlers[`../functions/${id}.ts`];
    if (!load) throw new Error(`There is no handler ${id}`);
    return (await load()).handler;
  }

  /** Runs a handler with an event of the test's own making. */
  async invoke(id: string, event: APIGatewayProxyEvent): Promise<Answered> {
    return this.call(await this.#handler(id), { id, ...needsOf(id) }, event);
  }

  /** Runs a handler that is not below `functions/`, under the grants of its entry. */
  async call(
    handler: AnyHandler,
    { id, ...needs }: Needs & { id: string },
    event: APIGatewayProxyEvent,
  ): Promise<Answered> {
    const result = await underGrantsOf(id, needs, () =>
      callHandler(handler, event, lambdaContext(id)),
    );
    const headers = Object.fromEntries(
      Object.entries(result.headers ?? {}).map(([name, value]) => [
        name.toLowerCase(),
        String(value),
      ]),
    );
    const isJson = headers['content-type']?.includes('json');
    return {
      status: result.statusCode,
      headers,
      body: isJson ? JSON.parse(result.body) : result.body,
    };
  }

  async signUp(
    email = `${randomUUID()}@example.com`,
    password = 'correct horse battery',
  ): Promise<Member> {
    const { status, body } = await this.send<TokenBody>('POST', '/api/v1/auth/register', {
      body: { email, password, company_name: 'Example Ltd' },
      address: randomAddress(),
    });
    if (status !== 201) throw new Error(`Sign-up answered ${status}`);
    return { email, password, ...body, ...claimsOf(body.access_token) };
  }

  login(email: string, password: string, sent: Sent = {}): Promise<Answered<TokenBody>> {
    return this.send('POST', '/api/v1/auth/login', {
      body: { email, password },
      address: randomAddress(),
      ...sent,
    });
  }

  refresh(refreshToken: string, sent: Sent = {}): Promise<Answered<TokenBody>> {
    return this.send('POST', '/api/v1/auth/refresh', {
      body: { refresh_token: refreshToken },
      address: randomAddress(),
      ...sent,
    });
  }
}

export interface TokenBody {
  access_token: string;
  refresh_token: string;
  token_type: string;
  expires_in: number;
  code?: string;
}

export interface Member extends TokenBody {
  email: string;
  password: string;
  tenantId: string;
  userId: string;
  sessionId: string;
}

/** Starts the world around the tests of a file, and mocks nothing but the clock where a test asks. */
export function useWorld(algorithm: SigningAlgorithm = 'ES256'): World {
  const world = new World();
  beforeAll(() => world.start(algorithm));
  afterEach(() => {
    vi.useRealTimers();
    world.aws?.reset();
  });
  afterAll(() => world.stop());
  return world;
}

export function claimsOf(accessToken: string): {
  tenantId: string;
  userId: string;
  sessionId: string;
} {
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
  return { tenantId: claims.tenant_id, userId: claims.sub, sessionId: claims.sid };
}

/** An address that no other request of the tests came from. */
export function randomAddress(): string {
  const byte = () => Math.floor(Math.random() * 256);
  return `10.${byte()}.${byte()}.${byte()}`;
}

/** A network interface that no other test has. */
export const newEni = (): string => `eni-${randomUUID().replaceAll('-', '').slice(0, 17)}`;

function findEndpoint(method: string, path: string): [Endpoint, Record<string, string>, string] {
  for (const endpoint of endpoints.filter((candidate) => candidate.method === method)) {
    for (const pattern of gatewayPaths(endpoint)) {
      const match = new RegExp(`^${pattern.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`).exec(path);
      if (match) return [endpoint, { ...match.groups }, pattern];
    }
  }
  throw new Error(`The contract has no ${method} ${path}`);
}

const needsOf = (id: string) => endpoints.find((endpoint) => endpoint.id === id) ?? {};

export function toEvent(
  endpoint: Pick<Endpoint, 'method'>,
  path: string,
  resource: string,
  pathParameters: Record<string, string>,
  sent: Sent,
): APIGatewayProxyEvent {
  const { address = '198.51.100.7' } = sent;
  const hasBody = sent.raw !== undefined || sent.body !== undefined;
  const multiValueQuery = Object.fromEntries(
    Object.entries(sent.query ?? {}).map(([name, value]) => [name, [value].flat()]),
  );
  const requestContext = {
    requestId: randomUUID(),
    identity: { sourceIp: '192.0.2.1' },
    authorizer: null,
  } as unknown as APIGatewayProxyEvent['requestContext'];
  return {
    resource,
    path,
    httpMethod: endpoint.method,
    headers: {
      ...(hasBody && { 'Content-Type': 'application/json' }),
      ...(sent.apiKey && { 'X-Api-Key': sent.apiKey }),
      'x-viewer-address': address,
      ...sent.headers,
    },
    multiValueHeaders: {},
    queryStringParameters: null,
    multiValueQueryStringParameters: Object.keys(multiValueQuery).length ? multiValueQuery : null,
    pathParameters: Object.keys(pathParameters).length ? pathParameters : null,
    stageVariables: null,
    requestContext,
    body: sent.raw ?? (sent.body === undefined ? null : JSON.stringify(sent.body)),
    isBase64Encoded: false,
  };
}

/** What the authorizer injects for an access token; undefined when it refuses it. */
export async function authorize(token: string | undefined) {
  const { handler } = await import('../functions/authorizer.ts');
  try {
    const { context } = await handler({
      type: 'TOKEN',
      methodArn: 'arn:aws:execute-api:us-east-1:000000000000:api/main/GET/x',
      authorizationToken: `Bearer ${token}`,
    });
    return context;
  } catch (error) {
    if (error instanceof Error && error.message === 'Unauthorized') return undefined;
    throw error;
  }
}

/** Every answer must be one that the contract promises. */
function assertContract(endpoint: Endpoint, { status, headers, body }: Answered): void {
  if (headers['content-type'] === 'application/problem+json') {
    const problem = ProblemSchema.parse(body);
    if (problem.status !== status) throw new Error('The problem names another status');
    return;
  }
  if (endpoint.page && status >= 400 && headers['content-type']?.startsWith('text/html')) return;
  const promised = endpoint.responses[status];
  if (!promised)
    throw new Error(`${endpoint.id} answered ${status}, which its contract does not have`);
  if (headers['content-type'] === 'application/json') promised.schema?.parse(body);
}

export function lambdaContext(id: string): Context {
  return {
    awsRequestId: randomUUID(),
    functionName: id,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${id}`,
    memoryLimitInMB: '512',
    logGroupName: 'test',
    logStreamName: 'test',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => 10_000,
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}

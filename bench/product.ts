import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  APIGatewayAuthorizerResult,
  APIGatewayProxyEvent,
  APIGatewayTokenAuthorizerEvent,
  Context,
} from 'aws-lambda';
import { acceptedMessage, startAws } from '../harness/aws.ts';
import { createTable, type Database, startDatabase } from '../harness/dynamodb.ts';
import { kmsActions, newKeyring } from '../harness/kms.ts';
import { type AnyHandler, callHandler } from '../harness/streams.ts';
import { bundleFunctions } from '../infra/bundle.ts';
import { startEmbedded } from '../local/dynamodb/embedded.ts';
import { startRooms } from '../local/features.ts';
import { type Endpoint, gatewayPaths } from '../shared/contract/endpoint.ts';
import { endpoints } from '../shared/contract/registry.ts';
import {
  rotateKeys,
  type SigningKey,
  toVerificationKeys,
} from '../shared/identity/signing-keys.ts';

export type Handler = AnyHandler;
export type Authorizer = (
  event: APIGatewayTokenAuthorizerEvent,
) => Promise<APIGatewayAuthorizerResult>;

const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const scratch = fromRoot('build/bench/');

/** Where functions run: an embedded table, the secrets, and AWS Marketplace's one answer. */
export interface Surroundings {
  endpoint: string;
  verificationKeys: ReturnType<typeof toVerificationKeys>;
  /** Makes another table and lets functions that load from now on use it. */
  useNewTable: () => Promise<string>;
  /** What the fakes of a feature are held by, by feature. */
  handles: Readonly<Record<string, unknown>>;
  stop: () => void;
}

/** Starts what functions need, and sets their environment. Load functions after this. */
export async function startSurroundings(options: { onDisk?: boolean } = {}): Promise<Surroundings> {
  const signingKeys: SigningKey[] = await rotateKeys([], 'ES256', Date.now() - 1000);
  const verificationKeys = toVerificationKeys(signingKeys);
  const secrets: Record<string, string> = {
    'signing-keys': JSON.stringify({ keys: signingKeys }),
    'verification-keys': JSON.stringify({ keys: verificationKeys }),
    'sealing-key': 'a sealing key for benchmarks only',
  };
  // Limits are out of the way, the work of counting is not.
  process.env.LIMITS_MULTIPLIER = '1000000';
  const database = await (options.onDisk ? startDatabaseOnDisk() : startDatabase());
  process.once('exit', database.stop);
  const aws = await startAws({
    GetSecretValue: ({ SecretId }) => ({ members: { SecretString: secrets[String(SecretId)] } }),
    SendMessage: acceptedMessage,
    ResolveCustomer: ({ RegistrationToken }) => ({
      members: {
        CustomerAWSAccountId: '111122223333',
        ProductCode: 'tenantry-demo',
        LicenseArn: `arn:aws:license-manager::294406891311:license:l-${RegistrationToken}`,
      },
    }),
    GetEntitlements: () => ({ members: { Entitlements: [] } }),
    ...kmsActions(newKeyring()),
  });
  const rooms = await startRooms({});
  Object.assign(process.env, rooms.environment);
  process.env.AWS_ENDPOINT_URL_KMS = aws.endpoint;
  process.env.AWS_ENDPOINT_URL_DYNAMODB = database.endpoint;
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = aws.endpoint;
  process.env.AWS_ENDPOINT_URL_MARKETPLACE_METERING = aws.endpoint;
  process.env.AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE = aws.endpoint;
  process.env.AWS_ENDPOINT_URL_SQS = aws.endpoint;
  const useNewTable = async () => {
    const tableName = `bench-${randomUUID()}`;
    await createTable(database.endpoint, tableName);
    process.env.TABLE_NAME = tableName;
    return tableName;
  };
  await useNewTable();
  const stop = () => {
    aws.stop();
    void rooms.stop();
  };
  const { handles } = rooms;
  return { endpoint: database.endpoint, verificationKeys, useNewTable, handles, stop };
}

/** A fresh embedded DynamoDB that keeps its data in a file, as `npm start` runs it. */
async function startDatabaseOnDisk(): Promise<Database> {
  const folder = join(scratch, 'database');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { url, stop } = await startEmbedded(folder);
  return { endpoint: url, stop };
}

/** Bundles functions as they are deployed, into a folder of the benchmarks' own. */
export function bundleAside(name: string, ids?: readonly string[]) {
  return bundleFunctions({ outdir: join(scratch, name), ...(ids && { ids }) });
}

/** A folder that benchmarks may write to. */
export const scratchFolder = scratch;

/** The handler of a bundle, loaded afresh, as a new container of Lambda would. */
export function loadBundle<H>(bundle: { folder: string } | undefined): H {
  if (!bundle) throw new Error('There is no bundle');
  const file = join(bundle.folder, 'index.js');
  const require = createRequire(file);
  delete require.cache[file];
  const loaded: { handler: H } = require(file);
  return loaded.handler;
}

/** The handler of a function, from its source: it shares its modules with the benchmark. */
export async function loadSource<H = Handler>(id: string): Promise<H> {
  const loaded: { handler: H } = await import(`../functions/${id}.ts`);
  return loaded.handler;
}

export interface Sent {
  body?: unknown;
  query?: Record<string, string> | undefined;
  headers?: Record<string, string>;
  pathParameters?: Record<string, string> | undefined;
  /** What the authorizer injected. */
  principal?: Principal | undefined;
}

/** What the authorizer injects for an access token. */
export type Principal = NonNullable<APIGatewayAuthorizerResult['context']>;

/** The event that API Gateway makes of a request to the endpoint. */
export function eventOf(endpoint: Endpoint, sent: Sent = {}): APIGatewayProxyEvent {
  const resource = gatewayPaths(endpoint)[0] ?? '/';
  const { body, query, headers, pathParameters = null, principal = null } = sent;
  const requestContext = {
    requestId: randomUUID(),
    identity: { sourceIp: '192.0.2.1' },
    authorizer: principal,
  } as unknown as APIGatewayProxyEvent['requestContext'];
  return {
    resource,
    path: resource,
    httpMethod: endpoint.method,
    headers: {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      'User-Agent': 'bench',
      'x-viewer-address': '198.51.100.7',
      ...headers,
    },
    multiValueHeaders: {},
    queryStringParameters: null,
    multiValueQueryStringParameters: query
      ? Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]]))
      : null,
    pathParameters,
    stageVariables: null,
    requestContext,
    body: body === undefined ? null : JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/** The endpoint of the contract by its id. */
export function endpointById(id: string): Endpoint {
  const endpoint = endpoints.find((candidate) => candidate.id === id);
  if (!endpoint) throw new Error(`The contract has no ${id}`);
  return endpoint;
}

/** Calls a handler and returns the parsed body, or none of a body that is not JSON. Throws unless it answers with a status below 400 or the one expected. */
export async function call<T>(
  handler: Handler,
  id: string,
  sent: Sent = {},
  expectedStatus?: number,
): Promise<T> {
  const { statusCode, body, headers } = await callHandler(
    handler,
    eventOf(endpointById(id), sent),
    lambdaContext,
  );
  const isExpected =
    expectedStatus === undefined ? statusCode < 400 : statusCode === expectedStatus;
  if (!isExpected) throw new Error(`${id} answered ${statusCode}: ${body}`);
  const isJson = String(headers?.['content-type']).includes('json');
  return JSON.parse((isJson && body) || '{}');
}

export const lambdaContext = {
  awsRequestId: '00000000-0000-4000-8000-000000000000',
  functionName: 'bench',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:bench',
  memoryLimitInMB: '512',
  logGroupName: 'bench',
  logStreamName: 'bench',
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => 10_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
} satisfies Context;

/** What the authorizer says of an access token. */
export async function authorize(handler: Authorizer, accessToken: string): Promise<Principal> {
  const { context } = await handler(authorizerEvent(accessToken));
  if (!context) throw new Error('The authorizer injected nothing');
  return context;
}

export const authorizerEvent = (accessToken: string): APIGatewayTokenAuthorizerEvent => ({
  type: 'TOKEN',
  methodArn: 'arn:aws:execute-api:us-east-1:000000000000:api/main/GET/api/v1/tenants/me',
  authorizationToken: `Bearer ${accessToken}`,
});

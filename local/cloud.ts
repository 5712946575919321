import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { soldProducts } from '../shared/marketplace/sold-products.ts';
import { AwsError, onItsOwn } from './aws/aws.ts';
import { createEventBus, readEventRules, readTopicSubscriptions } from './aws/event-bridge.ts';
import { pollEventSource, readEventSources, settleQueues } from './aws/event-sources.ts';
import { Identities } from './aws/iam.ts';
import { startKms } from './aws/kms.ts';
import { startLambdaApi } from './aws/lambda-api.ts';
import { type MailService, readSenders, startMail } from './aws/mail.ts';
import { type Marketplace, startMarketplace } from './aws/marketplace/marketplace.ts';
import { listedOf } from './aws/marketplace/products.ts';
import { LocalMetrics } from './aws/metrics.ts';
import { startS3 } from './aws/s3.ts';
import { readSchedules, runSchedules, type Schedules } from './aws/schedules.ts';
import { type SecretsManager, startSecretsManager } from './aws/secrets-manager.ts';
import { type LocalSqs, startSqs } from './aws/sqs.ts';
import { type Build, ensureBuild } from './build.ts';
import { consolePrefix, createConsole, type LocalConsole } from './console/console.ts';
import {
  connectDynamoDb,
  type DynamoDb,
  ensureTable,
  hasItems,
  sweepExpired,
  tableKeysOf,
} from './dynamodb/dynamodb.ts';
import { type EmbeddedDatabase, startEmbedded } from './dynamodb/embedded.ts';
import { startDynamoDbFront, type TableCall } from './dynamodb/proxy.ts';
import { type Cdn, createCdn } from './edge/cdn.ts';
import { type Bucket, readBuckets } from './edge/site.ts';
import { readWebAcl } from './edge/waf.ts';
import { type RunningRooms, startRooms } from './features.ts';
import { readApi } from './gateway/definition.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import {
  type FunctionLog,
  type FunctionSpec,
  functionSpec,
  type InvokeResult,
  Lambda,
} from './lambda/lambda.ts';
import { Clock } from './runtime/clock.ts';
import {
  type AnyResponse,
  type HttpRequest,
  type HttpResponse,
  isStreamed,
  type Listener,
  listen,
  readRequest,
  withoutHeaders,
  writeAnyResponse,
} from './runtime/http.ts';
import { PlainError } from './runtime/plain-error.ts';
import { claimDataDir } from './runtime/process.ts';
import { replaceFile } from './runtime/store.ts';
import { sameName } from './template/names.ts';
import {
  assetFolders,
  loadTemplate,
  type Template,
  TemplateError,
  templatesText,
} from './template/template.ts';

export interface CloudOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host?: string | undefined;
  /** Everything that outlives the process. */
  readonly dataDir: string;
  /** Folder of a cloud assembly; default: the product's own, built when needed. */
  readonly assembly?: string | undefined;
  /** Browsers ask again for every file of the site: it may change while they look at it. */
  readonly siteChanges?: boolean | undefined;
  /** Values for the parameters of the templates, by their names as variables: `LIMITS_MULTIPLIER`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** A DynamoDB to use instead of the embedded one. */
  readonly dynamoDbUrl?: string | undefined;
  /** Enforces the throttling of the API's stage. */
  readonly throttle?: boolean | undefined;
  /** Clock of gateway and CDN: ages of cached authorizations and errors. */
  readonly now?: (() => number) | undefined;
  /** Told when bundles and templates have to be made first, which takes some seconds. */
  readonly onBuild?: (() => void) | undefined;
  readonly onRequest?: ((line: RequestLine) => void) | undefined;
  readonly onFunctionLog?: ((log: FunctionLog) => void) | undefined;
  /** Told what each DynamoDB request of a function consumed. */
  readonly onTableCall?: ((call: TableCall) => void) | undefined;
  /** Told why the cloud itself failed. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A request without anything that may be secret. */
export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
}

export interface CloudFetchInit extends RequestInit {
  /** Address of the viewer, as CloudFront would see it. */
  readonly viewer?: string;
}

/** The running cloud. */
export interface Cloud {
  readonly url: string;
  readonly port: number;
  /** Address of the API without CloudFront in front of it, with its stage: what the WAF guards. */
  readonly apiUrl: string;
  /** The table, its DynamoDB without IAM in front, and that DynamoDB as functions see it. */
  readonly table: {
    readonly name: string;
    readonly endpoint: string;
    readonly guardedEndpoint: string;
  };
  readonly endpoints: {
    readonly secretsManager: string;
    readonly marketplace: string;
    readonly ses: string;
    readonly sqs: string;
    readonly kms: string;
    readonly s3: string;
  };
  /** What tests hold the fakes of a feature by, by feature. */
  readonly handles: Readonly<Record<string, unknown>>;
  /** ARN of a secret, by what its logical id starts with: `SigningKeys`. */
  secretArn(logicalId: string): string;
  /** ARN of a key of KMS, likewise. */
  keyArn(logicalId: string): string;
  /** Name of a bucket of S3, likewise. */
  bucketName(logicalId: string): string;
  readonly marketplace: Marketplace;
  readonly mail: MailService;
  readonly secrets: SecretsManager;
  readonly clock: Clock;
  readonly schedules: Schedules;
  /** Sends a request to the CloudFront listener without a network in between. */
  fetch(path: string, init?: CloudFetchInit): Promise<Response>;
  /** All lines that functions have written since the start, or since the last {@link clearLogs}. */
  logs(): readonly FunctionLog[];
  clearLogs(): void;
  /** Calls a function by its id in the contract, `keys/rotate`, or its logical id. */
  invoke(functionId: string, event: unknown): Promise<InvokeResult>;
  /** What runs, where it is the product's own. */
  readonly build: Build | undefined;
  /** Logical ids of the functions that were called, the latest first. */
  calledFunctions(): string[];
  /** Runs other code from now on: folders by the one in the assembly whose place they take. */
  replaceAssets(folders: ReadonlyMap<string, string>): void;
  /**
   * Runs another assembly from now on. Data stays, requests wait, queued messages are lost unless the
   * templates are the same. Rejects where it cannot run; then the earlier code keeps running.
   */
  deploy(assembly: string): Promise<void>;
  /** Settles when the database ended by itself: nothing works from then on. */
  readonly failed: Promise<void>;
  stop(): Promise<void>;
}

const maxLogLines = 20_000;
const sweepEveryMs = 5 * 60 * 1000;
const rotationCheckEveryMs = 60 * 60 * 1000;

/**
 * Starts the cloud of the synthesized template. Rejects with PortTakenError, DataDirInUseError,
 * SettingError or TemplateError; nothing stays running then.
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { onError = () => {} } = options;
  const closers: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  const track = <T extends { stop(): Promise<void> | void }>(part: T): T => {
    closers.push(() => part.stop());
    return part;
  };
  try {
    const cdnListener = openCdnListener(options);
    track(await cdnListener.listening);
    return await start(
      { ...options, dataDir: resolve(options.dataDir), onError },
      cdnListener,
      closers,
      track,
      stop,
    );
  } catch (error) {
    await stop();
    throw error;
  }
}

type Track = <T extends { stop(): Promise<void> | void }>(part: T) => T;
type StartOptions = CloudOptions & { readonly onError: (error: unknown) => void };

async function start(
  options: StartOptions,
  cdnListener: CdnListener,
  closers: (() => Promise<void> | void)[],
  track: Track,
  stop: () => Promise<void>,
): Promise<Cloud> {
  const { dataDir, onError } = options;
  closers.push(await claimDataDir(dataDir));
  const clock = track(new Clock(dataDir, onError));

  const [build, database] = await Promise.all([
    options.assembly === undefined ? ensureBuild(options.onBuild) : undefined,
    options.dynamoDbUrl === undefined
      ? startEmbedded(dataDir).then(track<EmbeddedDatabase>)
      : undefined,
  ]);
  const parts: Parts = {
    ...options,
    clock,
    cdnListener,
    rooms: track(await startRooms({ dataDir, onError })),
    dynamoDb: track(connectDynamoDb(options.dynamoDbUrl ?? database?.url ?? '')),
    isTableHere: database !== undefined,
    logs: [],
    called: new Set(),
  };
  let assembly = options.assembly ?? build?.assembly ?? '';
  let replaced: ReadonlyMap<string, string> = new Map();
  const assets = () => {
    const folders = assetFolders(assembly);
    return new Map([...folders].map(([hash, folder]) => [hash, replaced.get(folder) ?? folder]));
  };
  let stack = await startStack(parts, assembly, assets());
  closers.push(() => stack.stop());
  const listener = await cdnListener.listening;
  return {
    url: listener.url,
    port: listener.port,
    get apiUrl() {
      return stack.apiUrl;
    },
    get table() {
      return stack.table;
    },
    get endpoints() {
      return stack.endpoints;
    },
    get marketplace() {
      return stack.marketplace;
    },
    get mail() {
      return stack.mail;
    },
    get secrets() {
      return stack.secrets;
    },
    get schedules() {
      return stack.schedules;
    },
    clock,
    handles: parts.rooms.handles,
    secretArn: (logicalId) => stack.secretArn(logicalId),
    keyArn: (logicalId) => stack.keyArn(logicalId),
    bucketName: (logicalId) => stack.bucketName(logicalId),
    fetch: (path, init) => stack.fetch(path, init),
    invoke: (functionId, event) => stack.invoke(functionId, event),
    logs: () => parts.logs,
    clearLogs: () => parts.logs.splice(0),
    build,
    calledFunctions: () => [...parts.called].reverse(),
    replaceAssets: (folders) => {
      replaced = new Map([...replaced, ...folders]);
      stack.setAssets(assets());
    },
    deploy: async (next) => {
      const before = { assembly, replaced };
      const isSame = templatesText(assembly) === templatesText(next);
      [assembly, replaced] = [next, new Map()];
      if (isSame) return stack.setAssets(assets());
      await cdnListener.close();
      await stack.stop();
      try {
        stack = await startStack(parts, assembly, assets());
      } catch (error) {
        ({ assembly, replaced } = before);
        stack = await startStack(parts, assembly, assets());
        throw error;
      }
    },
    failed: database?.died ?? new Promise(() => {}),
    stop,
  };
}

/** What stays when another assembly is deployed. */
interface Parts extends StartOptions {
  readonly clock: Clock;
  readonly cdnListener: CdnListener;
  readonly rooms: RunningRooms;
  readonly dynamoDb: DynamoDb;
  /** The table is in the data folder. */
  readonly isTableHere: boolean;
  readonly logs: FunctionLog[];
  /** Logical ids of the functions that were called, the latest last. */
  readonly called: Set<string>;
}

/** What an assembly's templates ask for, running. */
interface Stack
  extends Pick<
    Cloud,
    | 'apiUrl'
    | 'table'
    | 'endpoints'
    | 'secretArn'
    | 'keyArn'
    | 'bucketName'
    | 'marketplace'
    | 'mail'
    | 'secrets'
    | 'schedules'
    | 'fetch'
    | 'invoke'
    | 'stop'
  > {
  /** Runs the code in these folders, by the hashes of the templates. */
  setAssets(assets: ReadonlyMap<string, string>): void;
}

async function startStack(
  parts: Parts,
  assembly: string,
  assets: ReadonlyMap<string, string>,
): Promise<Stack> {
  const closers: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    return await startServices(parts, assembly, assets, closers, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startServices(
  options: Parts,
  assembly: string,
  assets: ReadonlyMap<string, string>,
  closers: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<Stack> {
  const { dataDir, dynamoDb, cdnListener, rooms, clock, onError } = options;
  // `Date` itself may be moved later on.
  const now = options.now ?? (() => Date.now());
  const track: Track = (part) => {
    closers.push(() => part.stop());
    return part;
  };
  const template = loadTemplate(assembly, {
    PUBLIC_URL: (await cdnListener.listening).url,
    ...rooms.environment,
    ...(options.environment ?? process.env),
  });
  const table = onlyTable(template);
  const tables = [tableKeysOf(table)];
  await ensureTable(dynamoDb, table, dataDir);
  const secretsFile = join(dataDir, 'secrets.json');
  if (!existsSync(secretsFile) && (await hasItems(dynamoDb, table))) {
    throw new PlainError(
      `${secretsFile} is lost, and what the table holds is sealed with it: restore the file, or ${
        options.isTableHere ? `delete the folder ${dataDir}` : 'empty the table'
      } to start over`,
    );
  }

  const { logs, called } = options;
  const metrics = new LocalMetrics({ queues: () => sqs.queues() });
  const identities = new Identities(template);
  const endpoints: Record<string, string> = {};
  const lambda = track(
    new Lambda({
      credentials: (spec) => identities.issue(spec.name, spec.roleArn),
      endpoints: () => endpoints,
      onLog: (log) => {
        if (logs.push(log) > maxLogLines) logs.splice(0, maxLogLines / 2);
        metrics.takeLog(log);
        options.onFunctionLog?.(log);
      },
      onInvocation: (invocation) => {
        called.delete(invocation.functionId);
        called.add(invocation.functionId);
        metrics.takeInvocation(invocation);
      },
    }),
  );
  const invokeOrThrow = async (arn: string, event: unknown) => {
    const result = await lambda.invoke(arn, event);
    if (!result.ok)
      throw new AwsError('InvalidRequestException', `The function failed: ${result.errorMessage}`);
  };

  const secrets = track(
    await startSecretsManager({ template, identities, dataDir, invoke: invokeOrThrow, onError }),
  );
  template.readSecret = (secretId, jsonKey, stage) =>
    jsonMember(secrets.read(secretId, stage), jsonKey);
  const [guard, mail, sqs, kms, s3] = await Promise.all([
    startDynamoDbFront({
      dynamoDb,
      identities,
      tables,
      onTableCall: options.onTableCall,
      onError,
    }).then(track<Listener>),
    startMail({
      dataDir,
      identities,
      ...readSenders(template),
      tell: (event) => bus.take({ channel: 'event-bridge', event }),
      onError,
    }).then(track<MailService>),
    startSqs({ template, identities, onError }).then(track<LocalSqs>),
    startKms({ template, dataDir, identities, onError }).then(track<Listener>),
    startS3({ template, dataDir, identities, onError }).then(track<Listener>),
  ]);
  const rules = readEventRules(template);
  const bus = createEventBus({
    rules,
    subscriptions: readTopicSubscriptions(template),
    deliver: sqs.deliver,
    invoke: invokeOrThrow,
  });
  const marketplace = track(
    startMarketplace({
      dataDir,
      identities,
      clock,
      products: soldProducts.map(listedOf),
      send: bus.take,
      onError,
    }),
  );
  const marketplaceApis = track(await onItsOwn(marketplace.answer));
  Object.assign(endpoints, {
    AWS_ENDPOINT_URL_DYNAMODB: guard.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: marketplaceApis.url,
    AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE: marketplaceApis.url,
    AWS_ENDPOINT_URL_MARKETPLACE_AGREEMENT: marketplaceApis.url,
    AWS_ENDPOINT_URL_SESV2: mail.url,
    AWS_ENDPOINT_URL_SQS: sqs.url,
    AWS_ENDPOINT_URL_KMS: kms.url,
    AWS_ENDPOINT_URL_S3: s3.url,
  });

  const api = readApi(template);
  const used = new Set(
    api.operations.flatMap(({ functionArn, authorizer }) => [
      functionArn,
      ...(authorizer ? [authorizer.functionArn] : []),
    ]),
  );
  for (const { properties } of template.ofType('AWS::SecretsManager::RotationSchedule'))
    used.add(String(properties.RotationLambdaARN));
  const eventSources = readEventSources(template);
  const schedules = readSchedules(template);
  for (const { functionArn } of [...eventSources, ...schedules]) used.add(functionArn);
  for (const { arn } of rules.flatMap(({ targets }) => targets))
    if (template.find('AWS::Lambda::Function', arn, 'Arn')) used.add(arn);
  // Functions with a name of their own are there to be called by it.
  for (const named of template.ofType('AWS::Lambda::Function'))
    if (named.properties.FunctionName) used.add(named.attribute('Arn'));
  const specOf = (arn: string, code: ReadonlyMap<string, string>): FunctionSpec => {
    const resource = template.find('AWS::Lambda::Function', arn, 'Arn');
    if (!resource) throw new TemplateError('template', `there is no function ${arn}`);
    const source = eventSources.find(({ functionArn }) => functionArn === arn);
    return { ...functionSpec(resource, code), ...(source && { maxWorkers: source.maxBatches }) };
  };
  const specs = new Map([...used].map((arn) => [arn, specOf(arn, assets)]));
  for (const spec of specs.values()) {
    identities.prepare(spec.name, spec.roleArn);
    lambda.add(spec);
  }
  const gateway = createGateway({
    api,
    lambda,
    webAcl: readWebAcl(template, api.stageArn),
    throttle: options.throttle,
    now,
    onFailure: (message) => onError(new Error(message)),
    onAnswer: (answered) => metrics.takeRequest(answered),
  });
  let buckets = readBuckets(template, assets);
  const cdn = createCdn({
    template,
    gateway,
    api,
    buckets: new Map(
      [...buckets.keys()].map((domain): [string, Bucket] => {
        const read: Bucket = (request) => {
          const bucket = buckets.get(domain);
          if (!bucket) throw new Error(`There is no bucket ${domain}`);
          return bucket(request);
        };
        return [domain, options.siteChanges ? (request) => unkept(read(request)) : read];
      }),
    ),
    now,
  });
  const apiListener = track(await serveApi(gateway, api.stage, onError));
  const invoke = (arn: string, event: unknown) => lambda.invoke(arn, event);
  const lambdaApi = track(await startLambdaApi({ template, identities, invoke, onError }));

  await secrets.rotateDue();
  closers.push(
    clock.every(sweepEveryMs, () => sweepExpired(dynamoDb, table)),
    clock.every(rotationCheckEveryMs, () => secrets.rotateDue()),
  );

  const named = (type: string, logicalId: string) => {
    const found = template
      .ofType(type)
      .find((candidate) => candidate.logicalId.startsWith(logicalId));
    if (!found) throw new Error(`There is no ${type} ${logicalId} in the template`);
    return found;
  };
  const rotating = template.ofType('AWS::SecretsManager::RotationSchedule')[0]?.properties.SecretId;
  const localEndpoints = {
    secrets_manager: secrets.url,
    signing_keys_secret: rotating ?? null,
    sqs: sqs.url,
    lambda: lambdaApi.url,
  };
  replaceFile(join(dataDir, 'endpoints.json'), `${JSON.stringify(localEndpoints, null, 2)}\n`);

  const pollers = eventSources.map((source) =>
    track(pollEventSource(source, { endpoint: sqs.url, identities, lambda, onError })),
  );
  closers.push(clock.onStep(() => settleQueues(pollers, sqs)));
  const running = track(runSchedules(schedules, { clock, invoke: invokeOrThrow, onError }));

  cdnListener.open(
    cdn,
    createConsole({
      clock,
      schedules: running,
      marketplace,
      mail,
      metrics,
      featureRoutes: rooms.consoleRoutes,
      logs: () => logs,
      dynamoDb,
      tables,
    }),
  );
  return {
    apiUrl: `${apiListener.url}/${api.stage}`,
    table: { name: table.ref, endpoint: dynamoDb.url, guardedEndpoint: guard.url },
    endpoints: {
      secretsManager: secrets.url,
      marketplace: marketplaceApis.url,
      ses: mail.url,
      sqs: sqs.url,
      kms: kms.url,
      s3: s3.url,
    },
    secretArn: (logicalId) => named('AWS::SecretsManager::Secret', logicalId).ref,
    keyArn: (logicalId) => named('AWS::KMS::Key', logicalId).attribute('Arn'),
    bucketName: (logicalId) => named('AWS::S3::Bucket', logicalId).ref,
    marketplace,
    mail,
    secrets,
    schedules: running,
    fetch: (path, init) => fetchThrough(cdn, path, init),
    invoke: (functionId, event) => {
      const resource = template
        .ofType('AWS::Lambda::Function')
        .find(({ logicalId }) => sameName(logicalId, functionId));
      if (!resource) throw new Error(`There is no function ${functionId} in the template`);
      return lambda.invoke(resource.attribute('Arn'), event);
    },
    setAssets: (code) => {
      buckets = readBuckets(template, code);
      for (const [arn, before] of specs) {
        const spec = specOf(arn, code);
        if (spec.folder === before.folder) continue;
        specs.set(arn, spec);
        lambda.replace(spec);
      }
    },
    stop,
  };
}

/** What no browser may keep without asking again. */
function unkept(response: HttpResponse): HttpResponse {
  return {
    ...response,
    headers: [...withoutHeaders(response.headers, 'cache-control'), ['Cache-Control', 'no-cache']],
  };
}

function onlyTable(template: Template) {
  const [table, another] = template.ofType('AWS::DynamoDB::GlobalTable');
  if (!table || another)
    throw new TemplateError('template', 'the local runner needs exactly one table');
  return table;
}

function jsonMember(value: string, key: string): string {
  if (key === '') return value;
  const member = (JSON.parse(value) as Record<string, unknown>)[key];
  if (typeof member !== 'string') throw new Error(`The secret has no text at ${key}`);
  return member;
}

interface CdnListener {
  readonly listening: Promise<Listener>;
  open(cdn: Cdn, localConsole: LocalConsole): void;
  /** Lets requests wait, and settles when those inside are through, or after two seconds. */
  close(): Promise<void>;
}

const maxDrainMs = 2000;

/** Takes the port at once, so that a taken one is known first; requests wait until the cloud is there. */
function openCdnListener({ port, host, onRequest, onError }: CloudOptions): CdnListener {
  type Inside = { cdn: Cdn; localConsole: LocalConsole };
  let opened = Promise.withResolvers<Inside>();
  let inside = 0;
  let onEmpty = () => {};
  const listening = listen(
    async (message, response) => {
      const startedAt = performance.now();
      const request = await readRequest(message);
      const { cdn, localConsole } = await opened.promise;
      inside += 1;
      try {
        const answer = await (localConsole(request) ?? cdn.handle(request));
        await writeAnyResponse(message, response, answer);
        if (request.path !== consolePrefix && !request.path.startsWith(`${consolePrefix}/`)) {
          onRequest?.({
            method: request.method,
            path: request.path,
            status: answer.status,
            ms: performance.now() - startedAt,
          });
        }
      } finally {
        inside -= 1;
        if (inside === 0) onEmpty();
      }
    },
    { port, ...(host && { host }), ...(onError && { onError }) },
  );
  return {
    listening,
    open: (cdn, localConsole) => opened.resolve({ cdn, localConsole }),
    close: async () => {
      opened = Promise.withResolvers<Inside>();
      if (inside === 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, maxDrainMs);
        onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      onEmpty = () => {};
    },
  };
}

/** The API at a separate address, as it has one in AWS; the WAF is all that keeps callers out. */
function serveApi(
  gateway: Gateway,
  stage: string,
  onError: (error: unknown) => void,
): Promise<Listener> {
  return listen(
    async (message, response) => {
      const request = await readRequest(message);
      const [, first = '', rest = ''] = /^\/([^/]*)(\/.*)?$/.exec(request.path) ?? [];
      const answer: AnyResponse =
        first === stage
          ? await gateway.handle({ ...request, path: rest || '/' })
          : {
              status: 403,
              headers: [['Content-Type', 'application/json']],
              body: Buffer.from('{"message":"Forbidden"}'),
            };
      await writeAnyResponse(message, response, answer);
    },
    { onError },
  );
}

async function fetchThrough(cdn: Cdn, path: string, init: CloudFetchInit = {}): Promise<Response> {
  const { viewer = '127.0.0.1', ...rest } = init;
  const url = new URL(path, 'http://localhost');
  const request = new Request(url, { redirect: 'manual', ...rest });
  const incoming: HttpRequest = {
    method: request.method,
    path: url.pathname,
    query: url.search.slice(1),
    headers: [['host', 'localhost'], ...request.headers],
    body: Buffer.from(await request.arrayBuffer()),
    address: viewer,
  };
  const answer = await cdn.handle(incoming);
  const { status, headers } = answer;
  const isEmpty = request.method === 'HEAD' || [204, 304].includes(status);
  const body = isStreamed(answer) ? toWebStream(answer.body) : new Uint8Array(answer.body);
  return new Response(isEmpty ? null : body, {
    status,
    headers: headers.map(([name, value]) => [name, value] as [string, string]),
  });
}

function toWebStream(body: Readable): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = body[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => {
      body.destroy();
    },
  });
}

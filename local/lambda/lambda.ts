import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { bindingEnvironment } from '../../infra/native-packages.ts';
import { region } from '../aws/aws.ts';
import type { Credentials } from '../aws/iam.ts';
import { invocationHeader, newTraceId } from '../aws/trace.ts';
import { clockMemory } from '../runtime/clock.ts';
import type { ClockMemory } from '../runtime/moved-date.ts';
import { type Resource, TemplateError } from '../template/template.ts';
import { applicationLogLevel, isKept } from './log-level.ts';

/** What the template says about a function, with everything resolved. */
export interface FunctionSpec {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly folder: string;
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly roleArn: string;
  /** What Lambda keeps of the log: from this level on, or all. */
  readonly logLevel?: string | undefined;
  /** Maximum concurrent environments; default 4. */
  readonly maxWorkers?: number;
}

export interface WorkerSettings {
  readonly folder: string;
  readonly handler: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
  readonly logStream: string;
  /** Where the time of the local cloud is read from. */
  readonly clock: ClockMemory;
}

export interface InvokeMessage {
  readonly kind: 'invoke';
  readonly requestId: string;
  readonly event: string;
  readonly timeoutMs: number;
  /** The answer is wanted chunk by chunk. */
  readonly streams: boolean;
  /** What the invocation finds in `_X_AMZN_TRACE_ID`. */
  readonly trace: string;
}

export type ToWorker =
  | InvokeMessage
  /** The chunk was taken, and the next is wanted. */
  | { readonly kind: 'taken' }
  /** The rest of the answer is not wanted. */
  | { readonly kind: 'left' };

interface Thrown {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'log'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'chunk'; readonly chunk: Uint8Array }
  | { readonly kind: 'result'; readonly payload: string }
  | ({ readonly kind: 'error' | 'failed' } & Thrown);

export interface Failure extends Thrown {
  readonly ok: false;
  readonly reason: 'error' | 'timeout' | 'crash' | 'request-too-large';
}

export type InvokeResult = { readonly ok: true; readonly payload: string } | Failure;

/** What a streamed answer fails with where its function does. */
export class FunctionFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`${failure.errorType}: ${failure.errorMessage}`);
    this.name = 'FunctionFailure';
    this.failure = failure;
  }
}

/** A line that a function wrote. */
export interface FunctionLog {
  readonly functionId: string;
  readonly requestId: string | undefined;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** A call that has ended, with what CloudWatch would record. */
export interface Invocation {
  readonly functionId: string;
  readonly outcome: 'ok' | Extract<InvokeResult, { ok: false }>['reason'];
  /** The function was loaded for it first. */
  readonly isCold: boolean;
  /** Without loading. */
  readonly ms: number;
}

export interface LambdaOptions {
  /** Credentials of a function's role. */
  readonly credentials: (spec: FunctionSpec) => Credentials;
  /** `AWS_ENDPOINT_URL_<SERVICE>` by variable. */
  readonly endpoints: () => Readonly<Record<string, string>>;
  readonly onLog?: (log: FunctionLog) => void;
  readonly onInvocation?: (invocation: Invocation) => void;
}

/** Default maximum of concurrent environments of one function; further calls wait for one of them. */
const usualWorkers = 4;
/** What Lambda takes and gives in one synchronous call. */
const maxPayloadBytes = 6 * 1024 * 1024;
const maxInitMs = 10_000;

/** Reads a function off the template. Throws TemplateError for what cannot run here. */
export function functionSpec(
  resource: Resource,
  assets: ReadonlyMap<string, string>,
): FunctionSpec {
  const {
    Runtime,
    Handler,
    Role,
    Timeout = 3,
    MemorySize = 128,
    Code,
    Environment,
  } = resource.properties as {
    Runtime?: string;
    Handler?: string;
    Role?: string;
    Timeout?: number;
    MemorySize?: number;
    Code?: { S3Key?: string };
    Environment?: { Variables?: Record<string, string> };
  };
  if (!Runtime?.startsWith('nodejs'))
    throw new TemplateError(
      resource.where,
      `the local runner runs Node.js functions, not ${Runtime}`,
    );
  const folder = assets.get(Code?.S3Key?.replace(/\.zip$/, '') ?? '');
  if (!folder || !Handler || !Role)
    throw new TemplateError(resource.where, 'has no code asset, handler or role');
  return {
    id: resource.logicalId,
    name: resource.ref,
    arn: resource.attribute('Arn'),
    folder,
    handler: Handler,
    environment: Environment?.Variables ?? {},
    timeoutMs: Number(Timeout) * 1000,
    memoryMb: Number(MemorySize),
    roleArn: Role,
    logLevel: applicationLogLevel(resource.properties.LoggingConfig),
  };
}

/** The functions of the template, each in its own worker threads that start with its first call. */
export class Lambda {
  readonly #pools = new Map<string, Pool>();
  readonly #options: LambdaOptions;

  constructor(options: LambdaOptions) {
    this.#options = options;
  }

  add(spec: FunctionSpec): void {
    this.#pools.set(spec.arn, new Pool(spec, this.#options));
  }

  /** Gives a function other code: calls that are under way, or wait, end with the code from before. */
  replace(spec: FunctionSpec): void {
    const before = this.#pools.get(spec.arn);
    this.add(spec);
    before?.retire();
  }

  has(arn: string): boolean {
    return this.#pools.has(arn);
  }

  /**
   * Calls a function and waits for its answer; as part of the given trace or a new one. Never
   * throws for what the function does.
   */
  async invoke(arn: string, event: unknown, traceId = newTraceId()): Promise<InvokeResult> {
    const payload = JSON.stringify(event);
    return tooLarge(payload) ?? this.#pool(arn).invoke(payload, invocationHeader(traceId));
  }

  /**
   * Calls a function and hands its answer on while the function writes it, no faster than it is read.
   * The stream fails with FunctionFailure where the function does; destroying it notifies the function.
   */
  invokeWithResponseStream(arn: string, event: unknown, traceId = newTraceId()): Readable {
    const payload = JSON.stringify(event);
    const refused = tooLarge(payload);
    if (refused) return new Readable({ read() {} }).destroy(new FunctionFailure(refused));
    return this.#pool(arn).stream(payload, invocationHeader(traceId));
  }

  #pool(arn: string): Pool {
    const pool = this.#pools.get(arn);
    if (!pool) throw new Error(`There is no function ${arn}`);
    return pool;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.stop()));
  }
}

/** A streamed answer on its way to who asked for it: one chunk of it at a time. */
class Output {
  readonly readable: Readable;
  #notify: ((kind: 'taken' | 'left') => void) | undefined;
  #hasChunk = false;

  constructor() {
    this.readable = new Readable({
      read: () => {
        if (this.#hasChunk) this.#notify?.('taken');
        this.#hasChunk = false;
      },
      destroy: (error, done) => {
        this.#notify?.('left');
        done(error);
      },
    });
  }

  get isLeft(): boolean {
    return this.readable.destroyed;
  }

  /** Sets how the function learns that a chunk was taken, or that the rest is not wanted. */
  connect(notify: (kind: 'taken' | 'left') => void): void {
    this.#notify = notify;
    if (this.isLeft) notify('left');
  }

  disconnect(): void {
    this.#notify = undefined;
  }

  push(chunk: Uint8Array): void {
    this.#hasChunk = true;
    this.readable.push(chunk);
  }

  end(result: InvokeResult): void {
    if (result.ok) this.readable.push(null);
    else this.readable.destroy(new FunctionFailure(result));
  }
}

class Pool {
  readonly #spec: FunctionSpec;
  readonly #options: LambdaOptions;
  readonly #workers = new Set<Environment>();
  readonly #idle: Environment[] = [];
  readonly #waiting: ((environment: Environment | undefined) => void)[] = [];
  #isStopped = false;
  #isRetired = false;

  constructor(spec: FunctionSpec, options: LambdaOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  async invoke(event: string, trace: string, output?: Output): Promise<InvokeResult> {
    const environment = await this.#acquire();
    if (!environment) return failure('crash', 'Runtime.Stopped', 'The local cloud stops');
    if (output?.isLeft) {
      this.#release(environment);
      return failure('error', 'Sandbox.Left', 'Nobody waits for the answer any more');
    }
    const { result, isCold, ms } = await environment.run(event, trace, output);
    this.#release(environment);
    const outcome = result.ok ? 'ok' : result.reason;
    if (!this.#isStopped)
      this.#options.onInvocation?.({ functionId: this.#spec.id, outcome, isCold, ms });
    return result;
  }

  stream(event: string, trace: string): Readable {
    const output = new Output();
    this.invoke(event, trace, output).then((result) => output.end(result));
    return output.readable;
  }

  #acquire(): Promise<Environment | undefined> | Environment | undefined {
    if (this.#isStopped) return undefined;
    return (
      this.#idle.pop() ??
      (this.#hasRoom() ? this.#start() : new Promise((resolve) => this.#waiting.push(resolve)))
    );
  }

  #hasRoom(): boolean {
    return this.#workers.size < (this.#spec.maxWorkers ?? usualWorkers);
  }

  #start(): Environment {
    const environment = new Environment(this.#spec, this.#options, () => {
      this.#workers.delete(environment);
      const at = this.#idle.indexOf(environment);
      if (at >= 0) this.#idle.splice(at, 1);
      // A call may wait for a worker that will never come back.
      if (!this.#isStopped && this.#hasRoom()) {
        const next = this.#waiting.shift();
        if (next) next(this.#start());
      }
    });
    this.#workers.add(environment);
    return environment;
  }

  #release(environment: Environment): void {
    const next = this.#waiting.shift();
    const usable = environment.isAlive ? environment : undefined;
    if (next) next(usable ?? this.#start());
    else if (usable && this.#isRetired) usable.end();
    else if (usable) this.#idle.push(usable);
  }

  /** Ends each environment as soon as it has nothing left to do. */
  retire(): void {
    this.#isRetired = true;
    for (const environment of this.#idle.splice(0)) environment.end();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
    await Promise.all([...this.#workers].map((environment) => environment.end()));
  }
}

/** One worker thread. It runs one event at a time and is thrown away when it crashes or overruns. */
class Environment {
  isAlive = true;
  #isCold = true;
  readonly #spec: FunctionSpec;
  readonly #worker: Worker;
  readonly #ready: Promise<InvokeResult | undefined>;
  #requestId: string | undefined;
  #settle: (result: InvokeResult) => void = () => {};
  #output: Output | undefined;

  constructor(spec: FunctionSpec, options: LambdaOptions, onEnd: () => void) {
    this.#spec = spec;
    const credentials = options.credentials(spec);
    const settings: WorkerSettings = {
      folder: spec.folder,
      handler: spec.handler,
      functionName: spec.name,
      functionArn: spec.arn,
      memoryMb: spec.memoryMb,
      logStream: `local/[$LATEST]${randomUUID().replaceAll('-', '')}`,
      clock: clockMemory,
    };
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: settings,
      env: {
        ...spec.environment,
        AWS_REGION: region,
        AWS_LAMBDA_FUNCTION_NAME: spec.name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
        TZ: ':UTC',
        ...bindingEnvironment(),
        ...(spec.logLevel && { AWS_LAMBDA_LOG_LEVEL: spec.logLevel }),
        ...options.endpoints(),
      },
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb },
    });

    this.#ready = new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(
          failure('timeout', 'Sandbox.Timedout', 'The function took more than 10 seconds to load'),
        );
        this.end();
      }, maxInitMs);
      this.#settle = (result) => resolve(result);
      this.#worker.on('message', (message: FromWorker) => {
        if (message.kind === 'log') {
          for (const line of message.text.split('\n')) {
            if (line && isKept(line, spec.logLevel))
              options.onLog?.({
                functionId: spec.id,
                requestId: this.#requestId,
                stream: message.stream,
                line,
              });
          }
        } else if (message.kind === 'ready') {
          clearTimeout(timer);
          resolve(undefined);
        } else if (message.kind === 'chunk') {
          this.#output?.push(message.chunk);
        } else if (message.kind === 'result') {
          this.#settle(checkedResult(message.payload));
        } else {
          const { kind, ...thrown } = message;
          if (kind === 'failed') this.end();
          this.#settle({ ok: false, reason: 'error', ...thrown });
        }
      });
      this.#worker.on('error', (error: Error) => {
        options.onLog?.({
          functionId: spec.id,
          requestId: this.#requestId,
          stream: 'stderr',
          line: `Uncaught ${error.name}: ${error.message}`,
        });
        this.#settle(failure('crash', error.name, error.message));
      });
      this.#worker.on('exit', (code) => {
        clearTimeout(timer);
        this.isAlive = false;
        onEnd();
        this.#settle(
          failure('crash', 'Runtime.ExitError', `Runtime exited with error: exit status ${code}`),
        );
      });
    });
  }

  async run(event: string, trace: string, output?: Output) {
    const isCold = this.#isCold;
    this.#isCold = false;
    await this.#ready;
    const startedAt = performance.now();
    const result = await this.#run(event, trace, output);
    return { result, isCold, ms: performance.now() - startedAt };
  }

  async #run(event: string, trace: string, output?: Output): Promise<InvokeResult> {
    const initFailure = await this.#ready;
    if (initFailure || !this.isAlive) {
      return (
        initFailure ??
        failure('crash', 'Runtime.ExitError', 'Runtime exited before it took the event')
      );
    }
    this.#requestId = randomUUID();
    const message: ToWorker = {
      kind: 'invoke',
      requestId: this.#requestId,
      event,
      timeoutMs: this.#spec.timeoutMs,
      streams: output !== undefined,
      trace,
    };
    this.#output = output;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const seconds = (this.#spec.timeoutMs / 1000).toFixed(2);
        this.#settle(
          failure('timeout', 'Sandbox.Timedout', `Task timed out after ${seconds} seconds`),
        );
        this.end();
      }, this.#spec.timeoutMs);
      this.#settle = (result) => {
        clearTimeout(timer);
        this.#settle = () => {};
        this.#output = undefined;
        output?.disconnect();
        resolve(result);
      };
      this.#worker.postMessage(message);
      output?.connect((kind) => this.#worker.postMessage({ kind } satisfies ToWorker));
    });
  }

  async end(): Promise<void> {
    this.isAlive = false;
    await this.#worker.terminate();
  }
}

function tooLarge(payload: string): Failure | undefined {
  if (Buffer.byteLength(payload) <= maxPayloadBytes) return undefined;
  return failure(
    'request-too-large',
    'RequestTooLargeException',
    `Request must be smaller than ${maxPayloadBytes} bytes for the InvokeFunction operation`,
  );
}

function checkedResult(payload: string): InvokeResult {
  if (Buffer.byteLength(payload) <= maxPayloadBytes) return { ok: true, payload };
  return failure(
    'error',
    'Function.ResponseSizeTooLarge',
    `Response payload size exceeded maximum allowed payload size (${maxPayloadBytes} bytes).`,
  );
}

function failure(reason: Failure['reason'], errorType: string, errorMessage: string): Failure {
  return { ok: false, reason, errorType, errorMessage, trace: [] };
}

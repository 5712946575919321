import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { region } from './aws.ts';
import type { Credentials } from './iam.ts';
import { type Resource, TemplateError } from './template.ts';
import { invocationHeader, newTraceId } from './trace.ts';

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
}

export interface WorkerSettings {
  readonly folder: string;
  readonly handler: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
  readonly logStream: string;
}

export interface ToWorker {
  readonly requestId: string;
  readonly event: string;
  readonly deadline: number;
  /** What the invocation finds in `_X_AMZN_TRACE_ID`. */
  readonly trace: string;
}

interface Thrown {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'log'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'result'; readonly payload: string }
  | ({ readonly kind: 'error' | 'failed' } & Thrown);

export type InvokeResult =
  | { readonly ok: true; readonly payload: string }
  | ({
      readonly ok: false;
      readonly reason: 'error' | 'timeout' | 'crash' | 'request-too-large';
    } & Thrown);

/** A line that a function wrote. */
export interface FunctionLog {
  readonly functionId: string;
  readonly requestId: string | undefined;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** A call that has ended, as CloudWatch would be told of it. */
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

/** Environments of one function that run at a time; further calls wait for one of them. */
const mostWorkers = 4;
/** What Lambda takes and gives in one synchronous call. */
const longestPayloadBytes = 6 * 1024 * 1024;
const longestInitMs = 10_000;

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
  };
}

/** The functions of the template, each in worker threads of its own that start with its first call. */
export class Lambda {
  readonly #pools = new Map<string, Pool>();
  readonly #options: LambdaOptions;

  constructor(options: LambdaOptions) {
    this.#options = options;
  }

  add(spec: FunctionSpec): void {
    this.#pools.set(spec.arn, new Pool(spec, this.#options));
  }

  has(arn: string): boolean {
    return this.#pools.has(arn);
  }

  /**
   * Calls a function and waits for its answer; as part of a new trace unless told of one. Never
   * throws for what the function does.
   */
  async invoke(arn: string, event: unknown, traceId = newTraceId()): Promise<InvokeResult> {
    const pool = this.#pools.get(arn);
    if (!pool) throw new Error(`There is no function ${arn}`);
    const payload = JSON.stringify(event);
    if (Buffer.byteLength(payload) > longestPayloadBytes) {
      return failure(
        'request-too-large',
        'RequestTooLargeException',
        `Request must be smaller than ${longestPayloadBytes} bytes for the InvokeFunction operation`,
      );
    }
    return pool.invoke(payload, invocationHeader(traceId));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.stop()));
  }
}

class Pool {
  readonly #spec: FunctionSpec;
  readonly #options: LambdaOptions;
  readonly #workers = new Set<Environment>();
  readonly #idle: Environment[] = [];
  readonly #waiting: ((environment: Environment | undefined) => void)[] = [];
  #isStopped = false;

  constructor(spec: FunctionSpec, options: LambdaOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  async invoke(event: string, trace: string): Promise<InvokeResult> {
    const environment = await this.#acquire();
    if (!environment) return failure('crash', 'Runtime.Stopped', 'The local cloud stops');
    const { result, isCold, ms } = await environment.run(event, trace);
    this.#release(environment);
    const outcome = result.ok ? 'ok' : result.reason;
    if (!this.#isStopped)
      this.#options.onInvocation?.({ functionId: this.#spec.id, outcome, isCold, ms });
    return result;
  }

  #acquire(): Promise<Environment | undefined> | Environment | undefined {
    if (this.#isStopped) return undefined;
    return (
      this.#idle.pop() ??
      (this.#workers.size < mostWorkers
        ? this.#start()
        : new Promise((resolve) => this.#waiting.push(resolve)))
    );
  }

  #start(): Environment {
    const environment = new Environment(this.#spec, this.#options, () => {
      this.#workers.delete(environment);
      const at = this.#idle.indexOf(environment);
      if (at >= 0) this.#idle.splice(at, 1);
      // A call may wait for a worker that will never come back.
      if (!this.#isStopped && this.#workers.size < mostWorkers) {
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
    else if (usable) this.#idle.push(usable);
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
    };
    this.#worker = new Worker(new URL('./lambda-worker.ts', import.meta.url), {
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
      }, longestInitMs);
      this.#settle = (result) => resolve(result);
      this.#worker.on('message', (message: FromWorker) => {
        if (message.kind === 'log') {
          for (const line of message.text.split('\n')) {
            if (line)
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

  async run(event: string, trace: string) {
    const isCold = this.#isCold;
    this.#isCold = false;
    await this.#ready;
    const startedAt = performance.now();
    const result = await this.#run(event, trace);
    return { result, isCold, ms: performance.now() - startedAt };
  }

  async #run(event: string, trace: string): Promise<InvokeResult> {
    const initFailure = await this.#ready;
    if (initFailure || !this.isAlive) {
      return (
        initFailure ??
        failure('crash', 'Runtime.ExitError', 'Runtime exited before it took the event')
      );
    }
    this.#requestId = randomUUID();
    const message: ToWorker = {
      requestId: this.#requestId,
      event,
      deadline: Date.now() + this.#spec.timeoutMs,
      trace,
    };
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
        resolve(result);
      };
      this.#worker.postMessage(message);
    });
  }

  async end(): Promise<void> {
    this.isAlive = false;
    await this.#worker.terminate();
  }
}

function checkedResult(payload: string): InvokeResult {
  if (Buffer.byteLength(payload) <= longestPayloadBytes) return { ok: true, payload };
  return failure(
    'error',
    'Function.ResponseSizeTooLarge',
    `Response payload size exceeded maximum allowed payload size (${longestPayloadBytes} bytes).`,
  );
}

function failure(
  reason: 'error' | 'timeout' | 'crash' | 'request-too-large',
  errorType: string,
  errorMessage: string,
): InvokeResult {
  return { ok: false, reason, errorType, errorMessage, trace: [] };
}

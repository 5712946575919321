import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metric } from '../../shared/contract/metrics.ts';
import { metrics as definitions, valuesOf } from '../../shared/contract/registry.ts';
import type { FunctionLog, Invocation } from '../lambda/lambda.ts';
import { isRecord, listOf } from '../runtime/json.ts';
import type { QueueState } from './sqs.ts';

/** A request that the gateway has answered: by the path as the API has it, never as it came. */
export interface AnsweredRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly ms: number;
}

export interface LocalMetricsOptions {
  /** The current state of the queues. */
  readonly queues: () => Promise<readonly QueueState[]>;
}

const prefix = 'tenantry_';
/** From a request that does next to nothing to a sync that waits for the limits of its marketplace. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];

/**
 * What CloudWatch would know of this cloud, for Prometheus: what functions write as metrics into
 * their logs, and what AWS measures of functions, API and queues by itself.
 */
export class LocalMetrics {
  readonly #registry = new Registry();
  readonly #written: ReadonlyMap<string, (labels: Labels, value: number) => void>;
  readonly #invocations: Counter;
  readonly #errors: Counter;
  readonly #timeouts: Counter;
  readonly #coldStarts: Counter;
  readonly #durations: Histogram;
  readonly #requests: Counter;
  readonly #latency: Histogram;
  readonly #queues: LocalMetricsOptions['queues'];
  readonly #messages: Gauge;
  readonly #deadLetters: Gauge;

  constructor({ queues }: LocalMetricsOptions) {
    const registers = [this.#registry];
    const counter = (name: string, help: string, labelNames: string[]) =>
      new Counter({ name: prefix + name, help, labelNames, registers });
    const histogram = (name: string, help: string, labelNames: string[]) =>
      new Histogram({ name: prefix + name, help, labelNames, buckets, registers });
    const gauge = (name: string, help: string, labelNames: string[]) =>
      new Gauge({ name: prefix + name, help, labelNames, registers });

    this.#written = new Map(
      [...definitions.values()].map(({ name, kind, description, dimensions }) => {
        const labels = Object.keys(dimensions);
        if (kind === 'count') {
          const total = counter(`${snakeCase(name)}_total`, description, labels);
          return [name, (values, value) => total.inc(values, value)] as const;
        }
        if (kind === 'gauge') {
          const current = gauge(snakeCase(name), description, labels);
          return [name, (values, value) => current.set(values, value)] as const;
        }
        const seconds = histogram(`${snakeCase(name)}_seconds`, description, labels);
        return [name, (values, value) => seconds.observe(values, value / 1000)] as const;
      }),
    );

    const ofFunction = ['function'];
    this.#invocations = counter('function_invocations_total', 'Calls of a function', ofFunction);
    this.#errors = counter(
      'function_errors_total',
      'Calls that a function threw at, crashed at or took too long for',
      ofFunction,
    );
    this.#timeouts = counter(
      'function_timeouts_total',
      'Calls that a function took too long for',
      ofFunction,
    );
    this.#coldStarts = counter(
      'function_cold_starts_total',
      'Calls for which a function was loaded first',
      ofFunction,
    );
    this.#durations = histogram(
      'function_duration_seconds',
      'How long a call of a function took, without loading it',
      ofFunction,
    );
    this.#requests = counter('api_requests_total', 'Requests that the API has answered', [
      'method',
      'route',
      'status',
    ]);
    this.#latency = histogram(
      'api_latency_seconds',
      'How long the API took to answer, its functions included',
      ['method', 'route'],
    );
    this.#messages = gauge('queue_messages', 'Messages of a queue, by what they are doing', [
      'queue',
      'state',
    ]);
    this.#deadLetters = gauge(
      'queue_dead_letters',
      'Messages that the worker of a queue has failed at for good',
      ['queue'],
    );
    this.#queues = queues;
    collectDefaultMetrics({ register: this.#registry, prefix: `${prefix}local_` });
  }

  /** Takes the metrics that a function has written with a line, if it has written any. */
  takeLog({ stream, line }: FunctionLog): void {
    if (stream !== 'stdout' || !line.startsWith('{"_aws"')) return;
    const parsed = parse(line);
    if (!parsed) return;
    const directives = isRecord(parsed._aws) ? listOf(parsed._aws.CloudWatchMetrics) : [];
    const metrics = directives.flatMap((each) => (isRecord(each) ? listOf(each.Metrics) : []));
    for (const metric of metrics) {
      const name = isRecord(metric) ? String(metric.Name) : '';
      const [definition, write] = [definitions.get(name), this.#written.get(name)];
      const value = parsed[name];
      if (definition && write && typeof value === 'number')
        write(labelsOf(definition, parsed), value);
    }
  }

  takeInvocation({ functionId, outcome, isCold, ms }: Invocation): void {
    const labels = { function: functionId };
    this.#invocations.inc(labels);
    this.#errors.inc(labels, outcome === 'ok' ? 0 : 1);
    this.#timeouts.inc(labels, outcome === 'timeout' ? 1 : 0);
    this.#coldStarts.inc(labels, isCold ? 1 : 0);
    this.#durations.observe(labels, ms / 1000);
  }

  takeRequest({ method, route, status, ms }: AnsweredRequest): void {
    this.#requests.inc({ method, route, status: String(status) });
    this.#latency.observe({ method, route }, ms / 1000);
  }

  /** The media type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything, in the text format of Prometheus. */
  async text(): Promise<string> {
    for (const state of await this.#queues()) this.#takeQueue(state);
    return this.#registry.metrics();
  }

  #takeQueue({ name, isDeadLetters, visible, inFlight, delayed }: QueueState): void {
    if (isDeadLetters) {
      this.#deadLetters.set({ queue: name }, visible + inFlight + delayed);
      return;
    }
    this.#messages.set({ queue: name, state: 'visible' }, visible);
    this.#messages.set({ queue: name, state: 'in_flight' }, inFlight);
    this.#messages.set({ queue: name, state: 'delayed' }, delayed);
  }
}

type Labels = Record<string, string>;

/** Values that the list does not bound are all one: whatever a function writes, there are few lines. */
function labelsOf({ dimensions }: Metric, line: Record<string, unknown>): Labels {
  return Object.fromEntries(
    Object.entries(dimensions).map(([name, source]) => {
      const value = String(line[name]);
      return [name, valuesOf(source).includes(value) ? value : 'other'];
    }),
  );
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `SyncsDue` as Prometheus spells names: `syncs_due`. */
const snakeCase = (name: string) =>
  name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

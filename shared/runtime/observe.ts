import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import {
  coreMetrics,
  type MetricDefinition,
  type MetricDefinitions,
  type ValueSource,
} from '../contract/core-metrics.ts';
import type { QueueName } from '../contract/endpoint.ts';
import { traceHeader, traceIdOf } from './traces.ts';

/** The fields of Powertools, and `trace_id`: the same in a request and in all work that it has caused. */
class TracedFormatter extends LogFormatter {
  override formatAttributes(
    { logLevel, message, timestamp, serviceName, lambdaContext, xRayTraceId }: Attributes,
    additional: Parameters<LogFormatter['formatAttributes']>[1],
  ): LogItem {
    const attributes = {
      level: logLevel,
      message,
      timestamp: this.formatTimestamp(timestamp),
      service: serviceName,
      cold_start: lambdaContext?.coldStart,
      function_arn: lambdaContext?.invokedFunctionArn,
      function_memory_size: lambdaContext?.memoryLimitInMB,
      function_name: lambdaContext?.functionName,
      function_request_id: lambdaContext?.awsRequestId,
      trace_id: traceIdOf(traceHeader()),
      xray_trace_id: xRayTraceId,
    };
    return new LogItem({ attributes }).addAttributes(additional);
  }
}
type Attributes = Parameters<LogFormatter['formatAttributes']>[0];

/**
 * Logs name things by their ids. Bodies, headers, tokens, keys, passwords, emails and addresses
 * of people never go in.
 */
export const logger = new Logger({ logFormatter: new TracedFormatter() });

const metrics = new Metrics();
const units = {
  count: MetricUnit.Count,
  gauge: MetricUnit.Count,
  milliseconds: MetricUnit.Milliseconds,
} as const;

type ValueOf<S extends ValueSource> = S extends readonly (infer Word)[]
  ? Word
  : S extends 'queues'
    ? QueueName
    : string;
type DimensionsOf<D extends MetricDefinition> = {
  readonly [K in keyof D['dimensions']]: ValueOf<D['dimensions'][K]>;
};
type DimensionArguments<D extends MetricDefinition> = keyof D['dimensions'] extends never
  ? []
  : [dimensions: DimensionsOf<D>];

/**
 * A function that writes the metrics of a list, and nothing that the list does not have. Each value
 * is a line of its own, written at once: dimensions of messages that are worked on side by side do
 * not mix, and nothing waits for a flush that a thrown error would skip.
 */
export function metricRecorder<const M extends MetricDefinitions>(definitions: M) {
  return <N extends keyof M & string>(
    name: N,
    value: number,
    ...[values]: DimensionArguments<M[N]>
  ): void => {
    const { kind, dimensions } = definitions[name] as MetricDefinition;
    const given: Readonly<Record<string, string>> = values ?? {};
    for (const dimension of Object.keys(dimensions))
      metrics.addDimension(dimension, given[dimension] ?? '');
    metrics.addMetric(name, units[kind], value);
    metrics.publishStoredMetrics();
  };
}

/** Writes a metric of the core. */
export const recordMetric = metricRecorder(coreMetrics);

/** Records a security event: who, in which tenant, with what outcome. The request id is added. */
export function logSecurityEvent(
  event: string,
  details: Record<string, string | number | undefined>,
): void {
  logger.info(event, { event, ...details });
}

import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Metric, ValueSource } from '../contract/metrics.ts';
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

// Lambda's own level is INFO for the sake of metrics. Powertools would let it overrule the logger's.
delete process.env.AWS_LAMBDA_LOG_LEVEL;

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

type ValueOf<S extends ValueSource> = S extends readonly (infer Word)[] ? Word : string;
type DimensionArguments<M extends Metric> = keyof M['dimensions'] extends never
  ? []
  : [dimensions: { readonly [K in keyof M['dimensions']]: ValueOf<M['dimensions'][K]> }];

/**
 * Writes a value of a metric, as a line of its own and at once: dimensions of messages that are
 * worked on side by side do not mix, and nothing waits for a flush that a thrown error would skip.
 */
export function recordMetric<M extends Metric>(
  { name, kind, dimensions }: M,
  value: number,
  ...[values]: DimensionArguments<M>
): void {
  const given: Readonly<Record<string, string>> = values ?? {};
  for (const dimension of Object.keys(dimensions))
    metrics.addDimension(dimension, given[dimension] ?? '');
  metrics.addMetric(name, units[kind], value);
  metrics.publishStoredMetrics();
}

/** Records a security event: who, in which tenant, with what outcome. The request id is added. */
export function logSecurityEvent(
  event: string,
  details: Record<string, string | number | undefined>,
): void {
  logger.info(event, { event, ...details });
}

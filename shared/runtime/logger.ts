import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
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

/** Records a security event: who, in which tenant, with what outcome. The request id is added. */
export function logSecurityEvent(
  event: string,
  details: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>,
): void {
  logger.info(event, { event, ...details });
}

import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type * as z from 'zod/mini';
import { messagesFailed, messagesReceived } from '../contract/core-metrics.ts';
import { type MessageQueue, queueVariable, type TenantMessage } from '../contract/queues.ts';
import { requireEnv } from './config.ts';
import { logger } from './logger.ts';
import { recordMetric } from './metrics.ts';
import { once } from './once.ts';
import { type RequestContext, requestContext } from './request-context.ts';
import { traceHeader } from './traces.ts';

/** SQS keeps a message back for at most a quarter of an hour. */
export const maxDelaySeconds = 900;

/** Made for the first message: most requests that may send one do not. */
const client = once(
  () =>
    new SQSClient({
      maxAttempts: 3,
      // The region's endpoint, as the environment may set it; not the host that a queue's URL names.
      useQueueUrlAsEndpoint: false,
      requestHandler: {
        connectionTimeout: 1000,
        requestTimeout: 2500,
        throwOnRequestTimeout: true,
      },
    }),
);

/**
 * Puts a message into a queue. What is queued may arrive more than once and may be lost when one
 * machine restarts: the truth is in the table, and a sweep queues again what is overdue. It takes
 * the trace of what is being worked on along.
 */
export async function send<M extends TenantMessage>(
  queue: MessageQueue<M>,
  message: z.input<M>,
  options: { delaySeconds?: number } = {},
): Promise<void> {
  const trace = traceHeader();
  const body = queue.message.parse(message);
  const delay = Math.min(Math.max(0, Math.ceil(options.delaySeconds ?? 0)), maxDelaySeconds);
  await client().send(
    new SendMessageCommand({
      QueueUrl: requireEnv(queueVariable(queue)),
      MessageBody: JSON.stringify(body),
      // Makes the queue fair: a tenant that keeps the workers busy waits, and the others do not.
      MessageGroupId: body.tenant_id,
      ...(delay > 0 && { DelaySeconds: delay }),
      ...(trace !== undefined && {
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: trace } },
      }),
    }),
  );
}

/**
 * The Lambda handler of a queue's worker. Messages of a batch are worked on side by side; only those
 * that fail come again, and after a few times they go to the dead-letter queue, so that a poison
 * message holds up no other.
 */
export function handleBatch<M extends z.ZodMiniType>(
  queue: MessageQueue<M>,
  work: (message: z.output<M>, context: Context) => Promise<void>,
) {
  return async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
    logger.addContext(context);
    const outcomes = await Promise.all(
      event.Records.map((record) =>
        requestContext.run(contextOf(queue, record), () =>
          attempt(queue, record, (message) => work(message, context)),
        ),
      ),
    );
    const failed = event.Records.filter((_, index) => !outcomes[index]);
    recordMetric(messagesReceived, event.Records.length, { queue: queue.name });
    if (failed.length > 0) recordMetric(messagesFailed, failed.length, { queue: queue.name });
    logger.resetKeys();
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}

function contextOf({ name }: { name: string }, { attributes }: SQSRecord): RequestContext {
  const header = attributes?.AWSTraceHeader;
  return {
    allowances: [],
    actor: { kind: 'system', id: name },
    ...(header !== undefined && { traceHeader: header }),
  };
}

async function attempt<M extends z.ZodMiniType>(
  queue: MessageQueue<M>,
  record: SQSRecord,
  work: (message: z.output<M>) => Promise<void>,
): Promise<boolean> {
  const about = {
    queue: queue.name,
    message_id: record.messageId,
    receives: Number(record.attributes?.ApproximateReceiveCount ?? 1),
  };
  try {
    const message = queue.message.parse(JSON.parse(record.body));
    await work(message);
    return true;
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    // The body of an unreadable message stays out of the log: only what is wrong with it.
    logger.error('message_failed', {
      ...about,
      error_name: name,
      error_message: name === 'SyntaxError' ? 'The message is not JSON' : message,
      stack: name === 'SyntaxError' ? undefined : stack,
    });
    return false;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { InvokeResult, Lambda } from '../lambda/lambda.ts';
import { isRecord, listOf } from '../runtime/json.ts';
import { type Template, TemplateError } from '../template/template.ts';
import { region } from './aws.ts';
import type { Identities } from './iam.ts';
import type { LocalSqs } from './sqs.ts';

export interface EventSource {
  readonly functionArn: string;
  readonly queueArn: string;
  readonly queueUrl: string;
  readonly batchSize: number;
  /** Batches that are worked on at a time. */
  readonly maxBatches: number;
  /** Whether the function says which messages of a batch it failed at. */
  readonly reportsFailures: boolean;
  readonly roleArn: string;
  readonly functionName: string;
}

/** Batches of one queue that are worked on at a time, where the template does not say. */
const usualBatches = 4;
/** And whatever it says, on one machine. */
const maxBatches = 10;
/** Pause after SQS itself failed. */
const pauseMs = 1000;

/** The event source mappings of the template. Throws TemplateError for those that cannot run here. */
export function readEventSources(template: Template): EventSource[] {
  return template.ofType('AWS::Lambda::EventSourceMapping').map(({ properties, where }) => {
    const queueArn = String(properties.EventSourceArn);
    const queue = template.find('AWS::SQS::Queue', queueArn, 'Arn');
    const target = template
      .ofType('AWS::Lambda::Function')
      .find((each) => [each.ref, each.attribute('Arn')].includes(String(properties.FunctionName)));
    if (!queue || !target)
      throw new TemplateError(where, 'the local runner only knows queues as sources of functions');
    const timeoutSeconds = Number(target.properties.Timeout ?? 3);
    const scaling = properties.ScalingConfig;
    const visibilitySeconds = Number(queue.properties.VisibilityTimeout ?? 30);
    if (visibilitySeconds < timeoutSeconds)
      throw new TemplateError(where, 'its queue shows messages again before its function ends');
    return {
      functionArn: target.attribute('Arn'),
      functionName: target.name,
      roleArn: String(target.properties.Role),
      queueArn,
      queueUrl: queue.ref,
      batchSize: Math.min(10, Number(properties.BatchSize ?? 10)),
      maxBatches: Math.min(
        maxBatches,
        Number(isRecord(scaling) ? scaling.MaximumConcurrency : usualBatches),
      ),
      reportsFailures: listOf(properties.FunctionResponseTypes).includes('ReportBatchItemFailures'),
    };
  });
}

/** What receives from a queue. */
export interface Poller {
  readonly source: EventSource;
  /** Messages that it has received in all. */
  received(): number;
  /** Whether its function works on some. */
  isBusy(): boolean;
  stop(): Promise<void>;
}

/**
 * Receives from a queue and calls its function, as Lambda does with the role of the function. What
 * the function fails at stays in the queue, becomes visible again and ends among the dead letters.
 */
export function pollEventSource(
  source: EventSource,
  options: {
    readonly endpoint: string;
    readonly identities: Identities;
    readonly lambda: Lambda;
    readonly onError: (error: unknown) => void;
  },
): Poller {
  const client = new SQSClient({
    endpoint: options.endpoint,
    region,
    credentials: options.identities.issue(source.functionName, source.roleArn),
    maxAttempts: 1,
  });
  const stopping = new AbortController();
  const batches = new Set<Promise<void>>();
  let received = 0;

  const work = async (messages: readonly Message[]) => {
    const result = await options.lambda.invoke(source.functionArn, toEvent(source, messages));
    const failed = failedIds(source, result);
    const done = messages.filter(
      ({ MessageId = '' }) => failed !== 'all' && !failed.has(MessageId),
    );
    if (done.length === 0) return;
    await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl: source.queueUrl,
        Entries: done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
      }),
    );
  };
  const poll = async () => {
    while (!stopping.signal.aborted) {
      try {
        if (batches.size >= source.maxBatches) await Promise.race(batches);
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({
            QueueUrl: source.queueUrl,
            MaxNumberOfMessages: source.batchSize,
            WaitTimeSeconds: 20,
            MessageSystemAttributeNames: ['All'],
          }),
          { abortSignal: stopping.signal },
        );
        received += Messages.length;
        if (Messages.length === 0) continue;
        const batch = work(Messages)
          .catch((error) => stopping.signal.aborted || options.onError(error))
          .then(() => undefined)
          .finally(() => batches.delete(batch));
        batches.add(batch);
      } catch (error) {
        if (stopping.signal.aborted) return;
        options.onError(error);
        await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  const polling = poll();
  return {
    source,
    received: () => received,
    isBusy: () => batches.size > 0,
    stop: async () => {
      stopping.abort();
      await polling;
      // What is being worked on ends with its function, and would come again.
      client.destroy();
    },
  };
}

/** The longest that queues are waited for: one that feeds itself would never be empty. */
const maxSettleMs = 30_000;
const lookAgainMs = 5;

/** Settles when no queue has anything left to work on, or after half a minute. */
export async function settleQueues(pollers: readonly Poller[], sqs: LocalSqs): Promise<void> {
  const isQuiet = async ({ source, received, isBusy }: Poller) =>
    !(await sqs.hasVisible(source.queueUrl)) &&
    sqs.receivedBy(source.functionName) === received() &&
    !isBusy();
  const startedAt = performance.now();
  while (performance.now() - startedAt < maxSettleMs) {
    const quiet = await Promise.all(pollers.map(isQuiet));
    if (quiet.every(Boolean)) return;
    await sleep(lookAgainMs);
  }
}

function toEvent({ queueArn }: EventSource, messages: readonly Message[]) {
  return {
    Records: messages.map((message) => ({
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      body: message.Body,
      attributes: message.Attributes ?? {},
      messageAttributes: {},
      md5OfBody: message.MD5OfBody,
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: region,
    })),
  };
}

/** The messages that stay in the queue. An answer that is not one keeps all of them there. */
function failedIds(source: EventSource, result: InvokeResult): Set<string> | 'all' {
  if (!result.ok) return 'all';
  if (!source.reportsFailures) return new Set();
  const answer: unknown = JSON.parse(result.payload || 'null');
  if (answer === null) return new Set();
  const failures = isRecord(answer) ? listOf(answer.batchItemFailures) : [undefined];
  const ids = failures.map((failure) => isRecord(failure) && failure.itemIdentifier);
  if (!ids.every((id) => typeof id === 'string' && id !== '')) return 'all';
  return new Set(ids.map(String));
}

import { Aws, Duration, Tags, Validations } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPermission, EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSubscription } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { BackgroundFunction } from '../shared/contract/background.ts';
import type { MessageQueue } from '../shared/contract/queues.ts';
import type { AlarmTopic } from './alarm-topic.ts';
import { constructIdOf } from './function.ts';
import type { Stage } from './stage.ts';

export interface QueuesProps {
  readonly stage: Stage;
  readonly workers: readonly BackgroundFunction[];
  readonly topic: AlarmTopic;
}

/** A queue with its dead letters, to be watched. */
export interface WatchedQueue {
  readonly name: string;
  readonly queue: Queue;
  readonly deadLetters: Queue;
}

/** Tag that says which queue a queue is, `prod/webhooks`, and the same of its dead letters. */
export const queueTag = 'tenantry:queue';
export const deadLettersTag = 'tenantry:dead-letters';

/** Times that a message is received before it counts as a poison message. */
const maxReceives = 5;
/** As AWS asks: a batch may be throttled and retried several times before it becomes visible again. */
const visibilityPerTimeout = 6;
/** SQS's maximum delay of a message. */
const maxDelaySeconds = 900;

/** A queue for each worker that has one, each with a dead-letter queue and alarms on both. */
export class Queues extends Construct {
  readonly arns: Readonly<Record<string, string>>;
  readonly urls: Readonly<Record<string, string>>;
  readonly watched: readonly WatchedQueue[];
  readonly #queues = new Map<string, Queue>();

  constructor(scope: Construct, id: string, props: QueuesProps) {
    super(scope, id);
    this.watched = props.workers.flatMap((worker) => {
      if (!worker.queue) return [];
      const { name } = worker.queue;
      if (this.#queues.has(name)) throw new Error(`Two functions consume the queue ${name}`);
      const created = this.#createQueue(worker, name, props);
      this.#queues.set(name, created.queue);
      return created;
    });
    const queues = [...this.#queues];
    this.arns = Object.fromEntries(queues.map(([name, { queueArn }]) => [name, queueArn]));
    this.urls = Object.fromEntries(queues.map(([name, { queueUrl }]) => [name, queueUrl]));
  }

  #createQueue(
    worker: BackgroundFunction,
    name: string,
    { stage, topic }: QueuesProps,
  ): WatchedQueue {
    const queueId = constructIdOf(name);
    const deadLetters = new Queue(this, `${queueId}DeadLetters`, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(deadLetters).acknowledge(
      { id: 'AwsSolutions-SQS3', reason: 'It is a dead-letter queue itself.' },
      { id: 'Serverless-SQSRedrivePolicy', reason: 'It is a dead-letter queue itself.' },
    );
    const visibilitySeconds = visibilityPerTimeout * (worker.timeoutSeconds ?? 10);
    const queue = new Queue(this, queueId, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(4),
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: maxReceives },
    });
    if (worker.queue) this.#listen(queueId, worker.queue, stage, { queue, deadLetters });
    // The command that replays dead letters finds both by their tags.
    Tags.of(queue).add(queueTag, `${stage}/${name}`);
    Tags.of(deadLetters).add(deadLettersTag, `${stage}/${name}`);
    topic.addAlarm(this, `${queueId}DeadLettersAlarm`, {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: 'Maximum',
      }),
      threshold: 1,
      description: `Messages of the queue ${name} failed ${maxReceives} times. See the log of ${worker.id}, then npm run operator -- dead-letters replay ${name}.`,
    });
    topic.addAlarm(this, `${queueId}AgeAlarm`, {
      metric: queue.metricApproximateAgeOfOldestMessage({
        period: Duration.minutes(5),
        statistic: 'Maximum',
      }),
      // A message that waits as long as it may, fails once and comes again is not yet a stuck queue.
      threshold: maxDelaySeconds + 2 * visibilitySeconds,
      description: `Messages of the queue ${name} wait for longer than they should. See whether ${worker.id} runs, fails or is throttled.`,
    });
    return { name, queue, deadLetters };
  }

  /** Sends a queue what EventBridge and Amazon SNS tell, and what cannot be sent to its dead letters. */
  #listen(
    id: string,
    { name, eventSource, topics: topicsOf }: MessageQueue,
    stage: Stage,
    { queue, deadLetters }: Omit<WatchedQueue, 'name'>,
  ): void {
    if (eventSource !== undefined) {
      const rule = new CfnRule(this, `${id}Rule`, {
        description: `Events of ${eventSource}, into the queue ${name}`,
        eventPattern: { source: [eventSource] },
        targets: [{ id, arn: queue.queueArn, deadLetterConfig: { arn: deadLetters.queueArn } }],
      });
      for (const each of [queue, deadLetters])
        each.addToResourcePolicy(sendersMay(each, 'events.amazonaws.com', [rule.attrArn]));
    }
    const topics = topicsOf?.(stage) ?? [];
    for (const topicArn of topics) {
      new CfnSubscription(this, `${id}${topicArn.split(':').at(-1)?.replace(/\W/g, '')}`, {
        topicArn,
        region: topicArn.split(':')[3] ?? '',
        protocol: 'sqs',
        endpoint: queue.queueArn,
        redrivePolicy: { deadLetterTargetArn: deadLetters.queueArn },
      });
    }
    if (topics.length > 0)
      for (const each of [queue, deadLetters])
        each.addToResourcePolicy(sendersMay(each, 'sns.amazonaws.com', topics));
  }

  /** Lets a worker have what makes it run: its queue, its schedule. */
  connect(worker: BackgroundFunction, target: IFunction): void {
    const id = constructIdOf(worker.id);
    const queue = worker.queue && this.#queues.get(worker.queue.name);
    if (queue) {
      const source = new EventSourceMapping(this, `${id}Source`, {
        target,
        eventSourceArn: queue.queueArn,
        batchSize: worker.batchSize ?? 10,
        reportBatchItemFailures: true,
        ...(worker.maxConcurrency && { maxConcurrency: worker.maxConcurrency }),
      });
      Validations.of(source).acknowledge({
        id: 'Serverless-LambdaEventSourceMappingDestination',
        reason: 'A queue has its own dead-letter queue; destinations are for streams.',
      });
    }
    if (worker.schedule) {
      const rule = new CfnRule(this, `${id}Schedule`, {
        description: worker.summary,
        scheduleExpression: worker.schedule,
        targets: [{ id, arn: target.functionArn }],
      });
      Validations.of(rule).acknowledge({
        id: 'Serverless-EventBusDLQ',
        reason: 'A run that was missed is made up for by the next one.',
      });
      new CfnPermission(this, `${id}SchedulePermission`, {
        action: 'lambda:InvokeFunction',
        functionName: target.functionArn,
        principal: 'events.amazonaws.com',
        sourceAccount: Aws.ACCOUNT_ID,
        sourceArn: rule.attrArn,
      });
    }
  }
}

/** Lets a service of AWS send to a queue, for these sources and no others. */
const sendersMay = ({ queueArn }: Queue, service: string, sources: readonly string[]) =>
  new PolicyStatement({
    principals: [new ServicePrincipal(service)],
    actions: ['sqs:SendMessage'],
    resources: [queueArn],
    conditions: { ArnEquals: { 'aws:SourceArn': sources } },
  });

import { buildApp } from 'fauxqs';
import { headerOf, type Listener, listen, readRequest, writeResponse } from '../runtime/http.ts';
import { isRecord, listOf, recordOf } from '../runtime/json.ts';
import type { Resource, Template } from '../template/template.ts';
import { AwsError } from './aws.ts';
import type { Identities, Principal } from './iam.ts';

export interface SqsOptions {
  readonly template: Template;
  readonly identities: Identities;
  readonly onError?: (error: unknown) => void;
}

/** The current state of a queue. */
export interface QueueState {
  /** Of its tag, `sync`; that of dead letters is the name of the queue that they come from. */
  readonly name: string;
  readonly isDeadLetters: boolean;
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export interface LocalSqs extends Listener {
  queues(): Promise<readonly QueueState[]>;
  /** Whether a queue has a message that could be received now. */
  hasVisible(queueUrl: string): Promise<boolean>;
  /** How many messages a function has received in all, by its name. */
  receivedBy(functionName: string): number;
  /** Puts a message into a queue, as a service of AWS does. */
  deliver(queueArn: string, body: string): Promise<void>;
}

const type = 'application/x-amz-json-1.0';
/** Messages whose traces are kept: more than wait on one machine. */
const maxTraces = 10_000;

/**
 * SQS with the queues of the template, in memory: what is queued is gone when the process ends.
 * Requests of functions are judged by the policies of their roles, as IAM does.
 */
export async function startSqs({ template, identities, onError }: SqsOptions): Promise<LocalSqs> {
  const emulator = buildApp({ logger: false });
  const call = (target: string, payload: string | Buffer, host: string) =>
    emulator.inject({
      method: 'POST',
      url: '/',
      headers: { 'content-type': type, 'x-amz-target': target, host },
      payload,
    });
  await emulator.ready();
  for (const queue of template.ofType('AWS::SQS::Queue')) {
    const body = JSON.stringify(queueDefinition(queue));
    const { statusCode } = await call('AmazonSQS.CreateQueue', body, 'localhost');
    if (statusCode !== 200) throw new Error(`The local SQS refuses ${queue.where}`);
  }

  const arnOf = (queueUrl: unknown): string => {
    const name = String(queueUrl ?? '')
      .split('/')
      .at(-1);
    const queue = template.ofType('AWS::SQS::Queue').find((known) => known.name === name);
    return queue?.attribute('Arn') ?? '*';
  };
  const traces = new MessageTraces();
  const received = new Map<string, number>();
  const count = ({ functionName }: Principal, target: string, answer: Buffer) => {
    if (functionName === undefined || !target.endsWith('.ReceiveMessage')) return;
    const messages = listOf(recordOf(JSON.parse(answer.toString())).Messages);
    received.set(functionName, (received.get(functionName) ?? 0) + messages.length);
  };
  const listener = await listen(
    async (message, response) => {
      const request = await readRequest(message);
      const target = headerOf(request.headers, 'x-amz-target') ?? '';
      try {
        const principal = identities.principalOf(headerOf(request.headers, 'authorization'));
        const input: unknown = JSON.parse(request.body.toString() || '{}');
        const queueUrl = isRecord(input) ? input.QueueUrl : undefined;
        principal.authorize(`sqs:${permissionOf(target.split('.')[1] ?? '')}`, arnOf(queueUrl));
        const answer = await call(target, request.body, headerOf(request.headers, 'host') ?? '');
        if (response.destroyed) return;
        count(principal, target, answer.rawPayload);
        const header = headerOf(request.headers, 'x-amzn-trace-id');
        writeResponse(message, response, {
          status: answer.statusCode,
          headers: [['Content-Type', type]],
          body: traces.pass(target, input, header, answer.rawPayload),
        });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        writeResponse(message, response, {
          status: error.status,
          headers: [['Content-Type', type]],
          body: Buffer.from(JSON.stringify({ __type: error.name, message: error.message })),
        });
      }
    },
    onError ? { onError } : {},
  );
  return {
    ...listener,
    receivedBy: (functionName) => received.get(functionName) ?? 0,
    hasVisible: async (queueUrl) => {
      const { payload } = await emulator.inject({
        method: 'GET',
        url: `/_fauxqs/queues/${queueUrl.split('/').at(-1)}`,
      });
      const { ready, delayed, inflight } = recordOf(recordOf(JSON.parse(payload)).messages);
      const now = Date.now();
      const isDue = (entry: unknown, member: string) => Number(recordOf(entry)[member] ?? 0) <= now;
      return (
        listOf(ready).length > 0 ||
        listOf(delayed).some((message) => isDue(message, 'delayUntil')) ||
        listOf(inflight).some((message) => isDue(message, 'visibilityDeadline'))
      );
    },
    deliver: async (queueArn, body) => {
      const queue = template.find('AWS::SQS::Queue', queueArn, 'Arn');
      const input = JSON.stringify({ QueueUrl: queue?.ref, MessageBody: body });
      const { statusCode, payload } = await call('AmazonSQS.SendMessage', input, 'localhost');
      if (statusCode !== 200)
        throw new Error(`The local SQS takes no message for ${queueArn}: ${payload}`);
    },
    queues: async () => {
      const { payload } = await emulator.inject({ method: 'GET', url: '/_fauxqs/queues' });
      return listOf(JSON.parse(payload)).flatMap((each) => {
        if (!isRecord(each)) return [];
        const queue = template
          .ofType('AWS::SQS::Queue')
          .find(({ name }) => name === String(each.name));
        if (!queue) return [];
        return {
          ...nameOf(queue),
          visible: Number(each.approximateMessageCount),
          inFlight: Number(each.approximateInflightCount),
          delayed: Number(each.approximateDelayedCount),
        };
      });
    },
    stop: async () => {
      await listener.stop();
      await emulator.close();
    },
  };
}

/**
 * Traces go along with messages, which the emulator does not know: the header of the request that
 * sends one, or its system attribute, which counts more.
 */
class MessageTraces {
  readonly #byMessage = new Map<string, string>();

  /** The answer to a request, with the traces of what it has received. */
  pass(target: string, input: unknown, header: string | undefined, answer: Buffer): Buffer {
    if (!isRecord(input)) return answer;
    if (target.endsWith('.SendMessage')) this.#keep(input, header, answer);
    if (!target.endsWith('.ReceiveMessage')) return answer;
    const wanted = [
      ...listOf(input.MessageSystemAttributeNames),
      ...listOf(input.AttributeNames),
    ].map(String);
    if (!wanted.includes('All') && !wanted.includes('AWSTraceHeader')) return answer;
    const received: unknown = JSON.parse(answer.toString());
    for (const message of isRecord(received) ? listOf(received.Messages) : []) {
      const trace = isRecord(message) && this.#byMessage.get(String(message.MessageId));
      if (trace)
        message.Attributes = {
          ...(isRecord(message.Attributes) && message.Attributes),
          AWSTraceHeader: trace,
        };
    }
    return Buffer.from(JSON.stringify(received));
  }

  #keep(input: Record<string, unknown>, header: string | undefined, answer: Buffer): void {
    const attributes = input.MessageSystemAttributes;
    const attribute = isRecord(attributes) ? attributes.AWSTraceHeader : undefined;
    const trace = isRecord(attribute) ? String(attribute.StringValue) : header;
    const sent: unknown = JSON.parse(answer.toString());
    if (trace === undefined || !isRecord(sent) || typeof sent.MessageId !== 'string') return;
    this.#byMessage.set(sent.MessageId, trace);
    const [oldest] = this.#byMessage.keys();
    if (this.#byMessage.size > maxTraces && oldest) this.#byMessage.delete(oldest);
  }
}

/** What a queue is called by its tags, `local/sync`, or by its logical id where it has none. */
function nameOf({ logicalId, properties }: Resource): Pick<QueueState, 'name' | 'isDeadLetters'> {
  const tags = listOf(properties.Tags).filter(isRecord);
  const tag = (key: string) =>
    tags
      .find((candidate) => candidate.Key === key)
      ?.Value?.toString()
      .split('/')[1];
  const letters = tag('tenantry:dead-letters');
  return {
    name: letters ?? tag('tenantry:queue') ?? logicalId,
    isDeadLetters: letters !== undefined,
  };
}

/** A batch needs the permission of one. */
const permissionOf = (action: string) => action.replace(/Batch$/, '');

/** The input of CreateQueue for a queue of the template. */
function queueDefinition({ name, properties }: Resource) {
  const attributes = [
    'VisibilityTimeout',
    'MessageRetentionPeriod',
    'DelaySeconds',
    'MaximumMessageSize',
    'ReceiveMessageWaitTimeSeconds',
  ].flatMap((attribute) =>
    properties[attribute] === undefined
      ? []
      : [[attribute, String(properties[attribute])] as const],
  );
  const tags = listOf(properties.Tags).flatMap((tag) =>
    isRecord(tag) ? [[String(tag.Key), String(tag.Value)] as const] : [],
  );
  const redrive = properties.RedrivePolicy;
  return {
    QueueName: name,
    Attributes: {
      ...Object.fromEntries(attributes),
      ...(redrive !== undefined && { RedrivePolicy: JSON.stringify(redrive) }),
    },
    tags: Object.fromEntries(tags),
  };
}

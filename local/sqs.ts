import { buildApp } from 'fauxqs';
import { AwsError } from './aws.ts';
import { headerOf, type Listener, listen, readRequest, writeResponse } from './http.ts';
import type { Identities } from './iam.ts';
import { isRecord, listOf } from './json.ts';
import type { Resource, Template } from './template.ts';

export interface SqsOptions {
  readonly template: Template;
  readonly identities: Identities;
  readonly onError?: (error: unknown) => void;
}

const type = 'application/x-amz-json-1.0';

/**
 * SQS with the queues of the template, in memory: what is queued is gone when the process ends.
 * Requests of functions are judged by the policies of their roles, as IAM does.
 */
export async function startSqs({ template, identities, onError }: SqsOptions): Promise<Listener> {
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
        writeResponse(message, response, {
          status: answer.statusCode,
          headers: [['Content-Type', type]],
          body: answer.rawPayload,
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
    stop: async () => {
      await listener.stop();
      await emulator.close();
    },
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

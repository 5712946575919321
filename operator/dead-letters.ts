import {
  DeleteMessageCommand,
  ListQueueTagsCommand,
  paginateListQueues,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { deadLettersTag, queueTag } from '../infra/queues.ts';

/** The URLs of a stage's queue and of its dead letters, found by the tags that the stack gives them. */
export async function findQueues(
  client: SQSClient,
  stage: string,
  name: string,
): Promise<{ queueUrl: string; deadLettersUrl: string }> {
  const found = new Map<string, string>();
  const wanted = { QueueNamePrefix: `Tenantry-${stage}-Api-`, MaxResults: 1000 };
  for await (const { QueueUrls = [] } of paginateListQueues({ client }, wanted)) {
    for (const QueueUrl of QueueUrls) {
      const { Tags = {} } = await client.send(new ListQueueTagsCommand({ QueueUrl }));
      for (const tag of [queueTag, deadLettersTag])
        if (Tags[tag] === `${stage}/${name}`) found.set(tag, QueueUrl);
    }
  }
  const [queueUrl, deadLettersUrl] = [found.get(queueTag), found.get(deadLettersTag)];
  if (!queueUrl || !deadLettersUrl)
    throw new Error(`No queue ${name} of stage ${stage} in this account and region`);
  return { queueUrl, deadLettersUrl };
}

/**
 * Moves every dead letter back into its queue and returns how many there were. A letter is deleted
 * only once it is in the queue, so one that is interrupted may come twice, as any message may.
 */
export async function replay(
  client: SQSClient,
  { queueUrl, deadLettersUrl }: { queueUrl: string; deadLettersUrl: string },
  onProgress: (count: number) => void = () => {},
): Promise<number> {
  const seen = new Set<string>();
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: deadLettersUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
        VisibilityTimeout: 60,
      }),
    );
    // What has failed again during the replay is for the next one.
    const letters = Messages.filter(({ MessageId = '' }) => !seen.has(MessageId));
    if (letters.length === 0) return seen.size;
    for (const { MessageId = '', Body, ReceiptHandle } of letters) {
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: Body }));
      await client.send(new DeleteMessageCommand({ QueueUrl: deadLettersUrl, ReceiptHandle }));
      seen.add(MessageId);
      onProgress(seen.size);
    }
  }
}

/** Up to ten dead letters, which stay where they are, and how many there are about. */
export async function peek(client: SQSClient, deadLettersUrl: string) {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: deadLettersUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 1,
      VisibilityTimeout: 1,
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
    }),
  );
  return Messages.map(({ MessageId, Body, Attributes = {} }) => ({
    id: MessageId,
    sent_at: new Date(Number(Attributes.SentTimestamp)).toISOString(),
    receives: Number(Attributes.ApproximateReceiveCount),
    body: Body,
  }));
}

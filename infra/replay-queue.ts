import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  DeleteMessageCommand,
  ListQueueTagsCommand,
  paginateListQueues,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { queues as knownQueues } from '../shared/contract/registry.ts';
import { deadLettersTag, queueTag } from './queues.ts';
import { parseStage, type Stage } from './stage.ts';

/** What a local run writes about itself into its data folder. */
const LocalEndpoints = z.looseObject({ sqs: z.url() });

/** A client for the SQS of the local run whose data folder is given. Throws if there is none. */
export function localClient(dataDir: string): SQSClient {
  const file = join(dataDir, 'endpoints.json');
  if (!existsSync(file)) {
    throw new Error(
      `No local run in ${dataDir}: start one with npm start, or name a deployed stage: --stage dev`,
    );
  }
  const { sqs } = LocalEndpoints.parse(JSON.parse(readFileSync(file, 'utf8')));
  return new SQSClient({
    endpoint: sqs,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
}

/** The URLs of a stage's queue and of its dead letters, found by the tags that the stack gives them. */
export async function findQueues(
  client: SQSClient,
  stage: Stage,
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
    }
  }
}

if (import.meta.main) {
  try {
    const { queue, stage } = parseArgs({
      options: { queue: { type: 'string' }, stage: { type: 'string' } },
    }).values;
    const name = queue ?? '';
    if (!knownQueues.has(name))
      throw new Error(`Name a queue: --queue ${[...knownQueues.keys()].join(' or --queue ')}`);
    const client = stage ? new SQSClient({}) : localClient(process.env.DATA_DIR ?? '.local');
    const queues = await findQueues(client, stage ? parseStage(stage) : 'local', name);
    console.log(`Replayed ${await replay(client, queues)} dead letters of the queue ${name}.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

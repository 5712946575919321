import { createServer } from 'node:net';
import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { startInMemory } from '../local/dynamodb/embedded.ts';

export interface Database {
  endpoint: string;
  stop: () => void;
}

/** A fresh database in memory that ends with this process, or the one that TEST_DYNAMODB_ENDPOINT names. */
export async function startDatabase(): Promise<Database> {
  const given = process.env.TEST_DYNAMODB_ENDPOINT;
  if (given) return { endpoint: given, stop: () => undefined };
  const { url, stop } = await startInMemory();
  return { endpoint: url, stop };
}

/** A port of the loopback without a listener. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}

/** Returns once a DynamoDB answers at the endpoint. Throws after `withinMs`. */
export async function answers(endpoint: string, withinMs: number): Promise<void> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const lastAttemptAt = performance.now() + withinMs;
  while (performance.now() < lastAttemptAt) {
    const isUp = await client.send(new ListTablesCommand({})).then(
      () => true,
      () => false,
    );
    if (isUp) return client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('DynamoDB does not answer');
}

/** Creates the table as the infrastructure defines it. */
export async function createTable(endpoint: string, tableName: string): Promise<void> {
  const client = new DynamoDBClient({ endpoint });
  const strings = ['pk', 'sk', 'series_pk', 'series_sk'];
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: strings.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'series',
          KeySchema: [
            { AttributeName: 'series_pk', KeyType: 'HASH' },
            { AttributeName: 'series_sk', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  client.destroy();
}

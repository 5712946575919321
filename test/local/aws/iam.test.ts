import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useMiniCloud } from '../mini-cloud.ts';

const mini = useMiniCloud();
let table = '';
let dynamoDb: DynamoDBClient;
let operator: DynamoDBClient;

beforeAll(async () => {
  const answer = await mini.get('/env');
  const environment = (await answer.json()) as Record<string, string>;
  table = environment.TABLE_NAME ?? '';
  const common = { region: 'us-east-1', maxAttempts: 1 };
  dynamoDb = new DynamoDBClient({
    ...common,
    endpoint: environment.AWS_ENDPOINT_URL_DYNAMODB ?? '',
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
      sessionToken: environment.AWS_SESSION_TOKEN ?? '',
    },
  });
  operator = new DynamoDBClient({
    ...common,
    endpoint: mini.cloud.table.guardedEndpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});
afterAll(() => {
  dynamoDb.destroy();
  operator.destroy();
});

const key = (pk: string) => ({ pk: { S: pk }, sk: { S: 'x' } });
const denied = expect.objectContaining({
  name: 'AccessDeniedException',
  $metadata: expect.objectContaining({ httpStatusCode: 400 }),
});
const series = (pk: string, extra: object = {}) => ({
  TableName: table,
  IndexName: 'series',
  KeyConditionExpression: '#p = :p AND begins_with(series_sk, :s)',
  ExpressionAttributeNames: { '#p': 'series_pk' },
  ExpressionAttributeValues: { ':p': { S: pk }, ':s': { S: 'a' } },
  ...extra,
});

describe('DynamoDB as a function sees it', () => {
  it('does what the role grants', async () => {
    await dynamoDb.send(
      new PutItemCommand({
        TableName: table,
        Item: { ...key('TENANT#A'), series_pk: { S: 'TENANT#A#S' }, series_sk: { S: 'a1' } },
      }),
    );

    const { Item } = await dynamoDb.send(
      new GetItemCommand({ TableName: table, Key: key('TENANT#A') }),
    );
    expect(Item?.series_sk).toEqual({ S: 'a1' });
    expect((await dynamoDb.send(new QueryCommand(series('TENANT#A#S')))).Count).toBe(1);
    const { Responses } = await dynamoDb.send(
      new BatchGetItemCommand({
        RequestItems: { [table]: { Keys: [key('TENANT#A'), key('TENANT#A#USER')] } },
      }),
    );
    expect(Responses?.[table]).toHaveLength(1);
    await dynamoDb.send(
      new TransactGetItemsCommand({
        TransactItems: [{ Get: { TableName: table, Key: key('TENANT#A') } }],
      }),
    );
  });

  it('says who may not do what', async () => {
    await expect(
      dynamoDb.send(new GetItemCommand({ TableName: table, Key: key('EMAIL#x') })),
    ).rejects.toThrow(
      /^User: arn:aws:sts::000000000000:assumed-role\/Mini-Role\/Mini-Env is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table\/Mini-Table because no identity-based policy allows the dynamodb:GetItem action$/,
    );
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'an item of another family',
      () => dynamoDb.send(new GetItemCommand({ TableName: table, Key: key('TENANT#AB') })),
    ],
    [
      'an action that is not granted',
      () => dynamoDb.send(new UpdateItemCommand({ TableName: table, Key: key('TENANT#A') })),
    ],
    [
      'a batch with one foreign key',
      () =>
        dynamoDb.send(
          new BatchGetItemCommand({
            RequestItems: { [table]: { Keys: [key('TENANT#A'), key('EMAIL#x')] } },
          }),
        ),
    ],
    [
      'a transaction with one foreign item',
      () =>
        dynamoDb.send(
          new TransactWriteItemsCommand({
            TransactItems: [
              { Put: { TableName: table, Item: key('TENANT#B') } },
              { Put: { TableName: table, Item: key('EMAIL#x') } },
            ],
          }),
        ),
    ],
    [
      'a transaction with an action that is not granted',
      () =>
        dynamoDb.send(
          new TransactWriteItemsCommand({
            TransactItems: [{ Delete: { TableName: table, Key: key('TENANT#A') } }],
          }),
        ),
    ],
    [
      'a condition check that is not granted',
      () =>
        dynamoDb.send(
          new TransactWriteItemsCommand({
            TransactItems: [
              {
                ConditionCheck: {
                  TableName: table,
                  Key: key('TENANT#A'),
                  ConditionExpression: 'attribute_exists(pk)',
                },
              },
            ],
          }),
        ),
    ],
    [
      'a query of the index for a foreign key',
      () => dynamoDb.send(new QueryCommand(series('TENANT#AB#S'))),
    ],
    [
      'a query of the table, with only the index granted',
      () =>
        dynamoDb.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: 'pk = :p',
            ExpressionAttributeValues: { ':p': { S: 'TENANT#A#S' } },
          }),
        ),
    ],
    ['a scan', () => dynamoDb.send(new ScanCommand({ TableName: table }))],
    ['a list of tables', () => dynamoDb.send(new ListTablesCommand({}))],
    [
      'another table',
      () => dynamoDb.send(new GetItemCommand({ TableName: 'other', Key: key('TENANT#A') })),
    ],
  ])('refuses %s', async (_, send) => {
    await expect(send()).rejects.toEqual(denied);
  });

  it('writes nothing of a transaction that is refused', async () => {
    const { Items } = await operator.send(
      new ScanCommand({
        TableName: table,
        FilterExpression: 'pk = :p',
        ExpressionAttributeValues: { ':p': { S: 'TENANT#B' } },
      }),
    );

    expect(Items).toEqual([]);
  });

  it('knows no credentials that look like those of a function and are not', async () => {
    const stranger = new DynamoDBClient({
      region: 'us-east-1',
      maxAttempts: 1,
      endpoint: mini.cloud.table.guardedEndpoint,
      credentials: { accessKeyId: 'ASIA0000000000000000', secretAccessKey: 'x' },
    });

    await expect(stranger.send(new ListTablesCommand({}))).rejects.toThrow(
      'The security token included in the request is invalid.',
    );
    const unsigned = await fetch(mini.cloud.table.guardedEndpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' },
      body: '{}',
    });
    expect(unsigned.status).toBe(400);
    stranger.destroy();
  });
});

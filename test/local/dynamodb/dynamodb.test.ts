import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDatabase } from '../../../harness/dynamodb.ts';
import { startCloud } from '../../../local/cloud.ts';
import {
  connectDynamoDb,
  type DynamoDb,
  ensureTable,
  sweepExpired,
} from '../../../local/dynamodb/dynamodb.ts';
import type { TableCall } from '../../../local/dynamodb/proxy.ts';
import { loadTemplate } from '../../../local/template/template.ts';
import { type MiniAssembly, writeMiniAssembly } from '../mini-assembly.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const calls: TableCall[] = [];
const mini = useMiniCloud({ onTableCall: (call) => calls.push(call) });
let dynamoDb: DynamoDb;
let files: MiniAssembly;

beforeAll(() => {
  dynamoDb = connectDynamoDb(mini.cloud.table.endpoint);
  files = writeMiniAssembly();
});
afterAll(() => {
  dynamoDb.stop();
  files.remove();
});

const tableOf = ({ assembly }: MiniAssembly) => {
  const [table] = loadTemplate(assembly, {}).ofType('AWS::DynamoDB::GlobalTable');
  if (!table) throw new Error('The mini template has no table');
  return table;
};
const TableName = 'Mini-Table';
const put = (sk: string, ttl?: number) =>
  dynamoDb.call('PutItem', {
    TableName,
    Item: { pk: { S: 'P' }, sk: { S: sk }, ...(ttl !== undefined && { ttl: { N: String(ttl) } }) },
  });

describe('the embedded DynamoDB', () => {
  it('loses what has expired, and nothing else', async () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    await put('expired', now / 1000 - 1);
    await put('alive', now / 1000 + 1);
    await put('eternal');

    expect(await sweepExpired(dynamoDb, tableOf(files), now)).toBe(1);

    const { Items } = await dynamoDb.call('Query', {
      TableName,
      KeyConditionExpression: 'pk = :p',
      ExpressionAttributeValues: { ':p': { S: 'P' } },
    });
    expect((Items as { sk: { S: string } }[]).map(({ sk }) => sk.S)).toEqual(['alive', 'eternal']);
  });

  it('has the table once, and refuses one with other keys than the template', async () => {
    await ensureTable(dynamoDb, tableOf(files), 'here');
    const other = writeMiniAssembly((resources) => {
      if (resources.Table) resources.Table.Properties.GlobalSecondaryIndexes = [];
    });

    await expect(ensureTable(dynamoDb, tableOf(other), 'here')).rejects.toThrow(
      'The table in here has other keys or indexes than the template: delete here to start over',
    );
    other.remove();
  });

  it('tells what each request of a function consumes', async () => {
    const { AWS_ACCESS_KEY_ID: key } = (await (await mini.get('/env')).json()) as Record<
      string,
      string
    >;
    const send = (operation: string, input: object) =>
      fetch(mini.cloud.table.guardedEndpoint, {
        method: 'POST',
        headers: {
          'x-amz-target': `DynamoDB_20120810.${operation}`,
          authorization: `AWS4-HMAC-SHA256 Credential=${key}/20261120/us-east-1/dynamodb/aws4_request`,
        },
        body: JSON.stringify({ TableName, ...input }),
      });

    await send('GetItem', { Key: { pk: { S: 'TENANT#A' }, sk: { S: 'x' } } });
    await send('Scan', {});

    expect(calls).toEqual([
      {
        functionName: 'Mini-Env',
        operation: 'GetItem',
        consumed: expect.objectContaining({ CapacityUnits: 0.5 }),
        status: 200,
      },
    ]);
  });

  it('can be another DynamoDB', async () => {
    const another = await startDatabase();
    const cloud = await startCloud({
      port: 0,
      environment: {},
      ...files,
      dynamoDbUrl: another.endpoint,
    });

    expect(cloud.table.endpoint).toBe(another.endpoint);
    expect((await fetch(`${cloud.url}/_local/tables/Mini-Table/items`)).status).toBe(200);
    await cloud.stop();
    another.stop();
  });
});

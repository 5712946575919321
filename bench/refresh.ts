import { DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { newMember, type TokenBody } from './members.ts';
import { bundleAside, call, type Handler, loadBundle, startSurroundings } from './product.ts';
import { type Benchmark, type Result, result } from './result.ts';
import { inMs, timeInTurns } from './statistics.ts';

/** On disk, as `npm start` keeps the table. */
export const benchmark: Benchmark = async (tell) => [
  await compareRefresh('on disk', { onDisk: true }, tell),
];

/** A refresh (one read, one transaction, one signature) against the least a stored change can cost. */
export async function compareRefresh(
  where: string,
  options: { onDisk: boolean },
  tell: (progress: string) => void,
): Promise<Result> {
  const surroundings = await startSurroundings(options);
  const bundles = await bundleAside('refresh', ['auth/refresh']);
  const refresh = loadBundle<Handler>(bundles[0]);
  let { refresh_token } = await newMember();
  const sdk = new DynamoDBClient({});
  const TableName = process.env.TABLE_NAME;
  const Key = { pk: { S: 'BENCH' }, sk: { S: 'COUNTER' } };
  await sdk.send(new PutItemCommand({ TableName, Item: { ...Key, count: { N: '0' } } }));
  const update = () =>
    sdk.send(
      new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression: 'ADD #count :one',
        ExpressionAttributeNames: { '#count': 'count' },
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );

  const times = await timeInTurns(
    {
      refresh: async () => {
        const body = { refresh_token };
        ({ refresh_token } = await call<TokenBody>(refresh, 'auth/refresh', { body }));
      },
      update,
    },
    { warmUp: 300, measured: 1200 },
    tell,
  );
  surroundings.stop();

  return result(
    `refresh against one bare UpdateItem, warm p50, ${where}`,
    times.refresh / times.update,
    'ratio',
    3,
    `${inMs(times.refresh)} against ${inMs(times.update)}`,
    'its BatchGetItem and its transaction of three take 2.7 updates, the signature and the log the rest',
  );
}

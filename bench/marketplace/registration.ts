import { randomUUID } from 'node:crypto';
import {
  DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  MarketplaceMeteringClient,
  ResolveCustomerCommand,
} from '@aws-sdk/client-marketplace-metering';
import { bundleAside, call, type Handler, loadBundle, startSurroundings } from '../product.ts';
import { type Benchmark, result } from '../result.ts';
import { inMs, timeInTurns } from '../statistics.ts';

/**
 * A registration of a new purchase against what AWS takes for the least of it: ResolveCustomer, the
 * count of the limit, the way of the license, and the transaction of its three items. On disk, as
 * `npm start` keeps the table.
 */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings({ onDisk: true });
  const bundles = await bundleAside('registration', ['marketplace/register']);
  const register = loadBundle<Handler>(bundles[0]);
  const sdk = new DynamoDBClient({});
  const metering = new MarketplaceMeteringClient({});
  const TableName = process.env.TABLE_NAME;
  const keyOf = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } });

  const bare = async () => {
    const id = randomUUID();
    await sdk.send(
      new UpdateItemCommand({
        TableName,
        Key: keyOf('BENCH#LIMIT', 'LIMIT'),
        UpdateExpression: 'ADD #count :one',
        ExpressionAttributeNames: { '#count': 'count' },
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
    const { LicenseArn = '' } = await metering.send(
      new ResolveCustomerCommand({ RegistrationToken: id }),
    );
    const Key = keyOf(`BENCH#${LicenseArn}`, 'LICENSE');
    await sdk.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    const item = { ...keyOf(`BENCH#${id}`, 'LICENSE'), license_arn: { S: LicenseArn } };
    const put = (sk: string) => ({
      Put: {
        TableName,
        Item: { ...item, sk: { S: sk }, text: { S: 'x'.repeat(400) } },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
    });
    await sdk.send(
      new TransactWriteItemsCommand({
        TransactItems: [put('LOOKUP'), put('LICENSE'), put('TENANT')],
      }),
    );
  };

  const times = await timeInTurns(
    {
      registration: async () => {
        const body = { 'x-amzn-marketplace-token': randomUUID() };
        const headers = { Accept: 'application/json' };
        await call(register, 'marketplace/register', { body, headers });
      },
      bare,
    },
    { warmUp: 300, measured: 1200 },
    tell,
  );
  surroundings.stop();

  return [
    result(
      'registration against the bare ResolveCustomer and its three table calls, warm p50, on disk',
      times.registration / times.bare,
      'ratio',
      1.2,
      `${inMs(times.registration)} against ${inMs(times.bare)}`,
    ),
  ];
};

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { AwsError, region } from '../aws/aws.ts';
import { readBody } from '../runtime/http.ts';
import { isRecord, listOf } from '../runtime/json.ts';
import { PlainError } from '../runtime/plain-error.ts';
import { type Resource, TemplateError } from '../template/template.ts';
import type { TableKeys } from './table-requests.ts';

/** What DynamoDB answered, headers as they came: names and values in turn. */
export interface DynamoDbAnswer {
  readonly status: number;
  readonly rawHeaders: string[];
  readonly body: Buffer;
}

/** A DynamoDB endpoint behind the runner, called without a client library. */
export interface DynamoDb {
  readonly url: string;
  /** Sends a request on, signed again. */
  forward(operation: string, body: Buffer): Promise<DynamoDbAnswer>;
  /** Calls an operation. Throws AwsError with the service's own error name. */
  call(
    operation: string,
    input: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, unknown>>;
  stop(): void;
}

/** Local databases check that a request is signed, never by whom; some keep one database per key. */
const authorization = `AWS4-HMAC-SHA256 Credential=local/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`;

/** A client of the DynamoDB at `url`. Throws PlainError for what is no address. */
export function connectDynamoDb(url: string): DynamoDb {
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new PlainError(
      `AWS_ENDPOINT_URL_DYNAMODB must be like http://localhost:8000, not ${url || 'empty'}`,
    );
  const target = new URL(url);
  const isSecure = target.protocol === 'https:';
  const agent = new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxFreeSockets: 32 });

  const send = isSecure ? httpsRequest : httpRequest;
  // Made once: what Node makes of a URL and of an object of headers costs as much as the request.
  const request: RequestOptions = { ...urlToHttpOptions(target), method: 'POST', agent };
  const forward = (operation: string, body: Buffer): Promise<DynamoDbAnswer> =>
    new Promise((resolve, reject) => {
      const headers = [
        ['Host', target.host],
        ['Content-Type', 'application/x-amz-json-1.0'],
        ['X-Amz-Target', `DynamoDB_20120810.${operation}`],
        ['X-Amz-Date', new Date().toISOString().replace(/[-:]|\.\d+/g, '')],
        ['Authorization', authorization],
        ['Content-Length', String(body.length)],
      ].flat();
      const take = (answer: IncomingMessage) => {
        const { statusCode: status = 500, rawHeaders } = answer;
        readBody(answer).then(
          ({ body: content }) => resolve({ status, rawHeaders, body: content }),
          reject,
        );
      };
      send({ ...request, headers }, take)
        .once('error', reject)
        .end(body);
    });

  return {
    url,
    forward,
    call: async (operation, input) => {
      const { status, body } = await forward(operation, Buffer.from(JSON.stringify(input)));
      const value: unknown = JSON.parse(body.toString() || '{}');
      if (!isRecord(value))
        throw new Error(`DynamoDB answered ${operation} with something that is no object`);
      if (status === 200) return value;
      const name = String(value.__type).replace(/^.*#/, '');
      throw new AwsError(name, String(value.message ?? value.Message ?? name), status);
    },
    stop: () => agent.destroy(),
  };
}

interface KeySchemaItem {
  readonly AttributeName: string;
  readonly KeyType: 'HASH' | 'RANGE';
}

/** The keys of a table of the template. */
export function tableKeysOf(table: Resource): TableKeys {
  const indexes = listOf(table.properties.GlobalSecondaryIndexes).filter(isRecord);
  return {
    name: table.ref,
    arn: table.attribute('Arn'),
    partitionKey: partitionKeyOf(table.properties.KeySchema, table.where),
    indexes: Object.fromEntries(
      indexes.map(({ IndexName, KeySchema }) => [
        String(IndexName),
        partitionKeyOf(KeySchema, table.where),
      ]),
    ),
  };
}

function partitionKeyOf(schema: unknown, where: string): string {
  const key = (listOf(schema) as KeySchemaItem[]).find(({ KeyType }) => KeyType === 'HASH');
  if (!key) throw new TemplateError(where, 'has a key schema without a partition key');
  return key.AttributeName;
}

/**
 * Makes the table of the template unless it exists. Refuses one whose keys are not the template's, and
 * a DynamoDB that does not answer, by a PlainError.
 */
export async function ensureTable(
  dynamoDb: DynamoDb,
  table: Resource,
  dataDir: string,
): Promise<void> {
  const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes } =
    table.properties;
  if (LocalSecondaryIndexes)
    throw new TemplateError(table.where, 'the local runner does not know local secondary indexes');
  const indexes = listOf(GlobalSecondaryIndexes)
    .filter(isRecord)
    .map(({ IndexName, KeySchema: keys, Projection }) => ({
      IndexName,
      KeySchema: keys,
      Projection,
    }));

  const existing = await describe(dynamoDb, table.ref);
  if (!existing) {
    await dynamoDb.call('CreateTable', {
      TableName: table.ref,
      AttributeDefinitions,
      KeySchema,
      BillingMode: 'PAY_PER_REQUEST',
      ...(indexes.length > 0 && { GlobalSecondaryIndexes: indexes }),
    });
    return;
  }
  const shape = (keys: unknown, all: readonly unknown[]) =>
    JSON.stringify([
      keys,
      all
        .filter(isRecord)
        .map((index) => [index.IndexName, index.KeySchema])
        .sort(),
    ]);
  if (
    shape(existing.KeySchema, listOf(existing.GlobalSecondaryIndexes)) !== shape(KeySchema, indexes)
  ) {
    throw new PlainError(
      `The table in ${dataDir} has other keys or indexes than the template: delete ${dataDir} to start over`,
    );
  }
}

async function describe(
  dynamoDb: DynamoDb,
  name: string,
): Promise<Record<string, unknown> | undefined> {
  try {
    const { Table } = await dynamoDb.call('DescribeTable', { TableName: name });
    return isRecord(Table) ? Table : undefined;
  } catch (error) {
    if (error instanceof AwsError && error.name === 'ResourceNotFoundException') return undefined;
    if (error instanceof AwsError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PlainError(`No DynamoDB answers at ${dynamoDb.url}: ${reason}`);
  }
}

/** Whether a table has anything in it. */
export async function hasItems(dynamoDb: DynamoDb, table: Resource): Promise<boolean> {
  const { Items } = await dynamoDb.call('Scan', { TableName: table.ref, Limit: 1 });
  return listOf(Items).length > 0;
}

/** Deletes what has expired, as DynamoDB's TTL does in its own time. */
export async function sweepExpired(
  dynamoDb: DynamoDb,
  table: Resource,
  now = Date.now(),
): Promise<number> {
  const specification = table.properties.TimeToLiveSpecification;
  if (!isRecord(specification) || specification.Enabled !== true) return 0;
  const attributes = (listOf(table.properties.KeySchema) as KeySchemaItem[]).map(
    ({ AttributeName }) => AttributeName,
  );
  const expired = {
    ExpressionAttributeNames: { '#ttl': specification.AttributeName },
    ExpressionAttributeValues: { ':now': { N: String(Math.floor(now / 1000)) } },
  };
  let deleted = 0;
  let start: unknown;
  do {
    const page = await dynamoDb.call('Scan', {
      TableName: table.ref,
      Limit: 500,
      FilterExpression: '#ttl < :now',
      ...expired,
      ...(start !== undefined && { ExclusiveStartKey: start }),
    });
    for (const item of listOf(page.Items).filter(isRecord)) {
      const Key = Object.fromEntries(attributes.map((name) => [name, item[name]]));
      try {
        // The item may have been renewed since it was read.
        await dynamoDb.call('DeleteItem', {
          TableName: table.ref,
          Key,
          ConditionExpression: '#ttl < :now',
          ...expired,
        });
        deleted++;
      } catch (error) {
        if (!(error instanceof AwsError) || error.name !== 'ConditionalCheckFailedException')
          throw error;
      }
    }
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return deleted;
}

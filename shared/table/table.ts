import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type BatchGetCommandInput,
  type BatchGetCommandOutput,
  BatchWriteCommand,
  type BatchWriteCommandInput,
  type BatchWriteCommandOutput,
  DeleteCommand,
  type DeleteCommandInput,
  DynamoDBDocumentClient,
  GetCommand,
  type GetCommandInput,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { busy } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { requireEnv } from '../runtime/config.ts';
import { requestContext } from '../runtime/request-context.ts';
import type { Key } from './family.ts';

export const tableName = requireEnv('TABLE_NAME');

/** Attempts of the SDK stay well inside the 10 s that a function has. */
export const tableClient = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 2500, throwOnRequestTimeout: true },
  }),
  // What others name may be called `constructor`, and is a map like any other then.
  { marshallOptions: { removeUndefinedValues: true, convertClassInstanceToMap: true } },
);

/** The client of the request, where it has its own, else the function's. */
const client = () => requestContext.getStore()?.tableClient ?? tableClient;

type Item = Record<string, unknown>;
type Without<T> = Omit<T, 'TableName'>;
export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Reads one item, strongly consistent. */
export async function getItem(
  key: Key,
  options: Without<Omit<GetCommandInput, 'Key'>> = {},
): Promise<Item | undefined> {
  const { Item: item } = await client().send(
    new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true, ...options }),
  );
  return item;
}

/** Reads a handful of items in one round trip, strongly consistent; absent ones are undefined. */
export async function getItems<const K extends readonly Key[]>(
  wanted: K,
): Promise<{ [I in keyof K]: Item | undefined }> {
  const found: Item[] = [];
  let request: BatchGetCommandInput['RequestItems'] = {
    [tableName]: { ConsistentRead: true, Keys: wanted.map(({ pk, sk }) => ({ pk, sk })) },
  };
  for (let attempt = 0; request?.[tableName]?.Keys?.length; attempt += 1) {
    if (attempt === 4) throw new AppError(busy, { headers: { 'retry-after': '1' } });
    const answer: BatchGetCommandOutput = await client().send(
      new BatchGetCommand({ RequestItems: request }),
    );
    found.push(...(answer.Responses?.[tableName] ?? []));
    request = answer.UnprocessedKeys;
  }
  const match = (key: Key) => found.find((item) => item.pk === key.pk && item.sk === key.sk);
  return wanted.map(match) as { [I in keyof K]: Item | undefined };
}

const keysPerBatchGet = 100;

/** Reads many items by key, eventually consistent; absent ones are left out. The order is the table's. */
export async function getMany(wanted: readonly Key[]): Promise<Item[]> {
  const found: Item[] = [];
  for (let start = 0; start < wanted.length; start += keysPerBatchGet) {
    let request: BatchGetCommandInput['RequestItems'] = {
      [tableName]: { Keys: wanted.slice(start, start + keysPerBatchGet) },
    };
    for (let attempt = 0; request?.[tableName]?.Keys?.length; ) {
      const answer: BatchGetCommandOutput = await client().send(
        new BatchGetCommand({ RequestItems: request }),
      );
      const got = answer.Responses?.[tableName] ?? [];
      found.push(...got);
      request = answer.UnprocessedKeys;
      // Large items come a few at a time: only an answer without any is a reason to wait.
      attempt = got.length > 0 ? 0 : attempt + 1;
      if (request?.[tableName]?.Keys?.length) await pauseBatch(attempt);
    }
  }
  return found;
}

type WriteRequest = { put: Item & Key } | { delete: Key };
const writesPerBatch = 25;
const batchesAtOnce = 4;
const maxBatchAttempts = 8;

/**
 * Writes many items, not as a transaction: each write alone must be safe to repeat. What DynamoDB
 * leaves out is sent again, with growing pauses; throws `busy` when that does not end. Keys are unique.
 */
export async function writeMany(requests: readonly WriteRequest[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < requests.length) {
      const batch = requests.slice(next, next + writesPerBatch);
      next += writesPerBatch;
      await writeBatch(batch);
    }
  };
  await Promise.all(Array.from({ length: batchesAtOnce }, worker));
}

async function writeBatch(batch: readonly WriteRequest[]): Promise<void> {
  let request: BatchWriteCommandInput['RequestItems'] = {
    [tableName]: batch.map((one) =>
      'put' in one
        ? { PutRequest: { Item: one.put } }
        : { DeleteRequest: { Key: { pk: one.delete.pk, sk: one.delete.sk } } },
    ),
  };
  for (let attempt = 1; request?.[tableName]?.length; attempt += 1) {
    const answer: BatchWriteCommandOutput = await client().send(
      new BatchWriteCommand({ RequestItems: request }),
    );
    request = answer.UnprocessedItems;
    if (request?.[tableName]?.length) await pauseBatch(attempt);
  }
}

/** Waits longer each time. Throws `busy` when it was asked too often. */
async function pauseBatch(attempt: number): Promise<void> {
  if (attempt >= maxBatchAttempts) throw new AppError(busy, { headers: { 'retry-after': '2' } });
  if (attempt === 0) return;
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 25 * 2 ** attempt));
}

export async function query(input: Without<QueryCommandInput>) {
  return client().send(new QueryCommand({ TableName: tableName, ...input }));
}

/**
 * The pages of a query, each read when the loop asks for it. `isLast` says that no page follows; a
 * page may be empty and not the last.
 */
export async function* queryPages(
  input: Without<QueryCommandInput>,
): AsyncGenerator<{ items: Item[]; isLast: boolean }> {
  let start: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await query({
      ...input,
      ...(start && { ExclusiveStartKey: start }),
    });
    start = LastEvaluatedKey;
    yield { items: Items, isLast: start === undefined };
  } while (start);
}

export async function putItem(input: Without<PutCommandInput>): Promise<void> {
  await client().send(new PutCommand({ TableName: tableName, ...input }));
}

/** Changes one item and returns what `ReturnValues` asked for. */
export async function updateItem(input: Without<UpdateCommandInput>): Promise<Item | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const command = new UpdateCommand({ TableName: tableName, ...input });
      return (await client().send(command)).Attributes;
    } catch (error) {
      if (!(error instanceof TransactionConflictException)) throw error;
      await backOff(attempt, error);
    }
  }
}

type Stored = Record<string, AttributeValue>;

/** Does a write. When its condition failed, what `otherwise` makes of the item that was in the way. */
async function unlessRefused<T, R>(
  write: () => Promise<T>,
  otherwise: (found: Stored | undefined) => R,
): Promise<T | R> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return otherwise(error.Item);
  }
}

/** Puts an item on its condition. False when the condition failed. */
export async function tryPut(input: Without<PutCommandInput>): Promise<boolean> {
  return unlessRefused(
    async () => {
      await putItem(input);
      return true;
    },
    () => false,
  );
}

/**
 * Changes one item on its condition. Returns what `ReturnValues` asked for, an empty object when
 * that is nothing, and undefined when the condition failed.
 */
export async function tryUpdate(input: Without<UpdateCommandInput>): Promise<Item | undefined> {
  return unlessRefused(
    async () => (await updateItem(input)) ?? {},
    () => undefined,
  );
}

/**
 * As `tryUpdate`, for callers that need to know what was in the way: `found` is the item when the
 * condition failed, in DynamoDB's own spelling, undefined when there is none.
 */
export async function updateOrFind(
  input: Without<UpdateCommandInput>,
): Promise<{ changed: Item } | { changed?: never; found: Stored | undefined }> {
  return unlessRefused(
    async () => ({ changed: (await updateItem(input)) ?? {} }),
    (found) => ({ found }),
  );
}

export async function deleteItem(input: Without<DeleteCommandInput>): Promise<void> {
  await client().send(new DeleteCommand({ TableName: tableName, ...input }));
}

type Put = Without<PutCommandInput>;
type Update = Without<UpdateCommandInput> & { UpdateExpression: string };
type Change =
  | { put: Put }
  | { update: Update }
  | { delete: Without<DeleteCommandInput> }
  | {
      check: {
        Key: Key;
        ConditionExpression: string;
        ExpressionAttributeValues?: Item;
        ExpressionAttributeNames?: Record<string, string>;
      };
    };

/** One write of a transaction. `written` is called once the transaction is stored. */
export type Write = Change & { readonly written?: () => void };

function toTransactItem(write: Write): TransactItem {
  if ('put' in write)
    return { Put: { TableName: tableName, ...write.put } as NonNullable<TransactItem['Put']> };
  if ('update' in write)
    return {
      Update: { TableName: tableName, ...write.update } as NonNullable<TransactItem['Update']>,
    };
  if ('delete' in write)
    return {
      Delete: { TableName: tableName, ...write.delete } as NonNullable<TransactItem['Delete']>,
    };
  return { ConditionCheck: { TableName: tableName, ...write.check } };
}

const maxConflictRetries = 4;

/** Waits a little before a write that met another transaction is tried again. Throws `busy` at the end. */
async function backOff(attempt: number, cause: Error): Promise<void> {
  if (attempt === maxConflictRetries) {
    throw new AppError(busy, { headers: { 'retry-after': '1' }, cause });
  }
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 25 * 2 ** attempt));
}

/**
 * Writes all or nothing. Returns undefined when written, else for each write whether its condition
 * failed. A conflict with another transaction is retried a few times, then it is `busy`.
 */
export async function transact(writes: readonly Write[]): Promise<boolean[] | undefined> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await client().send(new TransactWriteCommand({ TransactItems: writes.map(toTransactItem) }));
      for (const { written } of writes) written?.();
      return undefined;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const reasons = (error.CancellationReasons ?? []).map(({ Code }) => Code);
      if (reasons.includes('ConditionalCheckFailed')) {
        return reasons.map((code) => code === 'ConditionalCheckFailed');
      }
      const passing = reasons.every(
        (code) =>
          code === 'None' ||
          code === 'TransactionConflict' ||
          code === 'ThrottlingError' ||
          code === 'ProvisionedThroughputExceeded',
      );
      if (!passing || reasons.length === 0) throw error;
      await backOff(attempt, error);
    }
  }
}

/** A put that fails if the item exists. */
export const create = (item: Item & Key): { put: Put } => ({
  put: { Item: item, ConditionExpression: 'attribute_not_exists(pk)' },
});

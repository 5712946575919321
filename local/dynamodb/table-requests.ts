import { AwsError } from '../aws/aws.ts';
import type { Principal } from '../aws/iam.ts';
import { isRecord } from '../runtime/json.ts';

/** What IAM needs to know of a table: which attribute is the partition key, of it and of each index. */
export interface TableKeys {
  readonly name: string;
  readonly arn: string;
  readonly partitionKey: string;
  /** Partition key by the name of the index. */
  readonly indexes: Readonly<Record<string, string>>;
}

type Input = Readonly<Record<string, unknown>>;

/** One check that IAM makes for a request. */
interface Access {
  readonly action: string;
  readonly resource: string;
  readonly leadingKeys: readonly string[] | undefined;
}

/** Throws AccessDeniedException unless the caller may do all that a DynamoDB request does. */
export function authorizeTableRequest(
  principal: Principal,
  operation: string,
  input: Input,
  tables: readonly TableKeys[],
): void {
  for (const { action, resource, leadingKeys } of accessesOf(operation, input, tables)) {
    principal.authorize(
      `dynamodb:${action}`,
      resource,
      leadingKeys && { 'dynamodb:LeadingKeys': leadingKeys },
    );
  }
}

function accessesOf(operation: string, input: Input, tables: readonly TableKeys[]): Access[] {
  const single = (members: unknown, action = operation, request: Input = input): Access[] => {
    const table = tableOf(request, tables);
    return [{ action, resource: table.arn, leadingKeys: keysIn([members], table.partitionKey) }];
  };
  switch (operation) {
    case 'GetItem':
    case 'UpdateItem':
    case 'DeleteItem':
      return single(input.Key);
    case 'PutItem':
      return single(input.Item);
    case 'Query':
      return [queryAccess(input, tableOf(input, tables))];
    case 'BatchGetItem':
    case 'BatchWriteItem':
      return batchAccesses(operation, input, tables);
    case 'TransactGetItems':
      return transaction(input).flatMap(([, request]) => single(request.Key, 'GetItem', request));
    case 'TransactWriteItems':
      return transaction(input).flatMap(([kind, request]) => {
        const action = transactionActions[kind];
        if (!action)
          throw new AwsError('ValidationException', 'A transaction item has no known action');
        return single(request.Item ?? request.Key, action, request);
      });
    default:
      // Scans and the calls that manage tables carry no keys, so no statement that asks for keys allows them.
      return [{ action: operation, resource: tableOf(input, tables).arn, leadingKeys: undefined }];
  }
}

const transactionActions: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
};

function transaction(input: Input): [string, Input][] {
  const items = Array.isArray(input.TransactItems) ? (input.TransactItems as unknown[]) : [];
  return items.flatMap((item) =>
    isRecord(item)
      ? Object.entries(item).map(([kind, request]): [string, Input] => [
          kind,
          isRecord(request) ? request : {},
        ])
      : [],
  );
}

/** All keys of a batch in one table are checked together: IAM sees them as one set. */
function batchAccesses(operation: string, input: Input, tables: readonly TableKeys[]): Access[] {
  const requests = isRecord(input.RequestItems) ? Object.entries(input.RequestItems) : [];
  return requests.map(([name, request]) => {
    const table = tableOf({ TableName: name }, tables);
    const items = isRecord(request) ? request.Keys : request;
    const keys = (Array.isArray(items) ? (items as unknown[]) : []).map((item) => {
      if (operation === 'BatchGetItem' || !isRecord(item)) return item;
      const write = item.PutRequest ?? item.DeleteRequest;
      return isRecord(write) ? (write.Item ?? write.Key) : undefined;
    });
    return {
      action: operation,
      resource: table.arn,
      leadingKeys: keysIn(keys, table.partitionKey),
    };
  });
}

function queryAccess(input: Input, table: TableKeys): Access {
  const index = typeof input.IndexName === 'string' ? input.IndexName : undefined;
  const attribute = index === undefined ? table.partitionKey : table.indexes[index];
  if (attribute === undefined)
    throw new AwsError('ValidationException', 'The table does not have the specified index');
  const value = queriedKey(input, attribute);
  return {
    action: 'Query',
    resource: index === undefined ? table.arn : `${table.arn}/index/${index}`,
    leadingKeys: value === undefined ? undefined : [value],
  };
}

/** The value that a query compares the partition key with. */
function queriedKey(input: Input, attribute: string): string | undefined {
  const names = isRecord(input.ExpressionAttributeNames) ? input.ExpressionAttributeNames : {};
  const values = isRecord(input.ExpressionAttributeValues) ? input.ExpressionAttributeValues : {};
  for (const [, left = '', right = ''] of String(input.KeyConditionExpression ?? '').matchAll(
    /([#\w.-]+)\s*=\s*(:\w+)/g,
  )) {
    if ((names[left] ?? left) === attribute) return scalar(values[right]);
  }
  return undefined;
}

function keysIn(items: readonly unknown[], attribute: string): string[] | undefined {
  const values = items.map((item) => (isRecord(item) ? scalar(item[attribute]) : undefined));
  return values.length > 0 && values.every((value) => value !== undefined) ? values : undefined;
}

function scalar(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const text = value.S ?? value.N ?? value.B;
  return typeof text === 'string' ? text : undefined;
}

function tableOf(input: Input, tables: readonly TableKeys[]): TableKeys {
  const name = String(input.TableName ?? '').replace(/^arn:.*:table\//, '');
  // As IAM does, refuse a table that is not ours before saying whether it exists.
  return (
    tables.find((table) => table.name === name) ?? {
      name,
      arn: `arn:aws:dynamodb:::table/${name}`,
      partitionKey: '',
      indexes: {},
    }
  );
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Needs } from '../../shared/contract/endpoint.ts';
import { type KeyFamily, keyPatterns } from '../../shared/table/keys.ts';

type Values = Record<string, unknown>;
interface Access {
  action: string;
  pk: string;
}

interface Running {
  needs: Needs;
  refused: string[];
}
const running = new AsyncLocalStorage<Running>();

/**
 * Runs a handler under the grants of its contract entry, as IAM would hold it to them. Throws when
 * it asked for more, whatever it made of the refusal.
 */
export async function underGrantsOf<T>(
  id: string,
  needs: Needs,
  work: () => Promise<T>,
): Promise<T> {
  const current: Running = { needs, refused: [] };
  const result = await running.run(current, work);
  if (current.refused.length > 0)
    throw new Error(`The contract of ${id} does not grant ${current.refused.join(', ')}`);
  return result;
}

const { send } = DynamoDBDocumentClient.prototype;
DynamoDBDocumentClient.prototype.send = function (
  this: DynamoDBDocumentClient,
  ...sent: unknown[]
) {
  const [command] = sent as [{ constructor: { name: string }; input: Values }];
  const current = running.getStore();
  if (current)
    for (const access of accessesOf(command.constructor.name, command.input))
      assertGranted(current, access);
  return Reflect.apply(send, this, sent);
} as typeof send;

function assertGranted({ needs: { table = {} }, refused }: Running, { action, pk }: Access): void {
  const families = (Object.keys(keyPatterns) as KeyFamily[]).filter((family) =>
    matches(keyPatterns[family], pk),
  );
  if (families.some((family) => table[family]?.some((name) => name === action))) return;
  refused.push(`${action} on ${pk}`);
  throw new Error('AccessDenied');
}

/** IAM's StringLike. */
function matches(pattern: string, text: string): boolean {
  const expression = pattern.replaceAll('.', '\\.').replaceAll('?', '.').replaceAll('*', '.*');
  return new RegExp(`^${expression}$`, 's').test(text);
}

const single: Record<string, string> = {
  GetCommand: 'GetItem',
  PutCommand: 'PutItem',
  UpdateCommand: 'UpdateItem',
  DeleteCommand: 'DeleteItem',
};
const inTransaction: Record<string, string> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
};

function accessesOf(command: string, input: Values): Access[] {
  const action = single[command];
  if (action) return [{ action, pk: partitionOf(input) }];
  if (command === 'QueryCommand') return [{ action: 'Query', pk: queriedPartition(input) }];
  if (command === 'BatchGetCommand')
    return Object.values(input.RequestItems as Record<string, { Keys: Values[] }>).flatMap(
      ({ Keys }) => Keys.map((key) => ({ action: 'BatchGetItem', pk: String(key.pk) })),
    );
  if (command === 'TransactWriteCommand')
    return (input.TransactItems as Record<string, Values>[]).flatMap((item) =>
      Object.entries(item).map(([kind, write]) => ({
        action: inTransaction[kind] ?? kind,
        pk: partitionOf(write),
      })),
    );
  return [{ action: command, pk: '' }];
}

const partitionOf = ({ Key, Item }: Values) => String(((Key ?? Item) as Values).pk);

function queriedPartition({ KeyConditionExpression, ExpressionAttributeValues }: Values): string {
  const name = /pk = (:\w+)/.exec(String(KeyConditionExpression))?.[1] ?? '';
  return String((ExpressionAttributeValues as Values)[name]);
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { environmentOf, type SettingSources } from '../infra/environment.ts';
import type { Needs } from '../shared/contract/endpoint.ts';
import { endpoints, workers } from '../shared/contract/registry.ts';
import { CachedSecret } from '../shared/runtime/secrets.ts';

type Values = Record<string, unknown>;
interface Access {
  action: string;
  pk: string;
}

interface Running {
  needs: Needs;
  /** Names of the settings that infra gives the function. */
  settings: ReadonlySet<string>;
  refused: string[];
}
const running = new AsyncLocalStorage<Running>();

/**
 * Runs a handler under the grants of its contract entry, as IAM would hold it to them, and with the
 * settings that infra gives it. Throws when it asked for more, whatever it made of the refusal.
 */
export async function underGrantsOf<T>(
  id: string,
  needs: Needs,
  work: () => Promise<T>,
): Promise<T> {
  const current: Running = { needs, settings: settingsOf({ id, ...needs }), refused: [] };
  const result = await running.run(current, work);
  if (current.refused.length > 0)
    throw new Error(`The contract of ${id} does not grant ${current.refused.join(', ')}`);
  return result;
}

/** Whatever is asked of it is there: only the names of settings matter. */
const anything = new Proxy({}, { get: () => 'given' });
const sources = {
  tableName: 'given',
  secretArns: anything,
  keyArns: anything,
  queueUrls: anything,
  bucketNames: anything,
  settingOf: () => 'given',
} satisfies SettingSources;
const settingsOf = (entry: Needs & { id: string }): ReadonlySet<string> =>
  new Set(Object.keys(environmentOf(entry, sources)));
const allSettings = new Set([...endpoints, ...workers].flatMap((entry) => [...settingsOf(entry)]));

function isGiven(name: string): boolean {
  const current = running.getStore();
  if (!current || !allSettings.has(name) || current.settings.has(name)) return true;
  current.refused.push(`the setting ${name}`);
  return false;
}

process.env = new Proxy(process.env, {
  get: (environment, name) =>
    typeof name === 'string' && !isGiven(name) ? undefined : environment[String(name)],
  set: (environment, name, value) => Reflect.set(environment, name, value),
});

// What one function has read, another in the same process would find without asking for it.
const { get } = CachedSecret.prototype;
CachedSecret.prototype.get = function (this: CachedSecret<unknown>) {
  if (isGiven(this.environmentName)) return Reflect.apply(get, this, []);
  return Promise.reject(new Error(`The environment variable ${this.environmentName} is not set`));
};

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

function assertGranted({ needs: { table = [] }, refused }: Running, { action, pk }: Access): void {
  const isGranted = table.some(
    ([{ pattern }, actions]) => matches(pattern, pk) && actions.some((name) => name === action),
  );
  if (isGranted) return;
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

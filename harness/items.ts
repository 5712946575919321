import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { limitNamed } from './limits.ts';
import type { Member } from './world.ts';

type Item = Record<string, unknown>;

/** Loaded when first needed: the table's name is read at load. */
async function modules() {
  const [{ keys }, table] = await Promise.all([
    import('../shared/table/keys.ts'),
    import('../shared/table/table.ts'),
  ]);
  return { keys, ...table };
}

/** Every item of the table. Only a test may scan. */
export async function allItems(): Promise<Item[]> {
  const { tableClient, tableName } = await modules();
  const items: Item[] = [];
  let start: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await tableClient.send(
      new ScanCommand({
        TableName: tableName,
        ConsistentRead: true,
        ...(start && { ExclusiveStartKey: start }),
      }),
    );
    items.push(...Items);
    start = LastEvaluatedKey;
  } while (start);
  return items;
}

/** The items of the table that are not counters of limits. */
export async function lastingItems(): Promise<Item[]> {
  return (await allItems()).filter(({ pk }) => !String(pk).startsWith('LIMIT#'));
}

async function setAttribute(
  key: { pk: string; sk: string },
  name: string,
  value: unknown,
): Promise<void> {
  const { updateItem } = await modules();
  await updateItem({
    Key: key,
    UpdateExpression: 'SET #name = :value',
    ExpressionAttributeNames: { '#name': name },
    ExpressionAttributeValues: { ':value': value },
  });
}

export async function setTenantStatus(
  { tenantId }: Pick<Member, 'tenantId'>,
  status: string,
): Promise<void> {
  const { keys } = await modules();
  await setAttribute(keys.tenant(tenantId), 'status', status);
}

export async function setPlan(
  { tenantId }: Pick<Member, 'tenantId'>,
  plan: string | null,
): Promise<void> {
  const { keys } = await modules();
  await setAttribute(keys.tenant(tenantId), 'plan', plan);
}

export async function setRole(
  { tenantId, userId }: Pick<Member, 'tenantId' | 'userId'>,
  role: string,
): Promise<void> {
  const { keys } = await modules();
  await setAttribute(keys.member(tenantId, userId), 'role', role);
}

export async function setPasswordHash(email: string, hash: string): Promise<void> {
  const [{ keys }, { emailHash }] = await Promise.all([
    modules(),
    import('../shared/identity/emails.ts'),
  ]);
  await setAttribute(keys.identity(emailHash(email)), 'password_hash', hash);
}

export async function passwordHashOf(email: string): Promise<unknown> {
  const [{ keys, getItem }, { emailHash }] = await Promise.all([
    modules(),
    import('../shared/identity/emails.ts'),
  ]);
  return (await getItem(keys.identity(emailHash(email))))?.password_hash;
}

export async function tenantItem(tenantId: string): Promise<Item | undefined> {
  const { keys, getItem } = await modules();
  return getItem(keys.tenant(tenantId));
}

export async function sessionItem({
  tenantId,
  userId,
  sessionId,
}: Pick<Member, 'tenantId' | 'userId' | 'sessionId'>): Promise<Item | undefined> {
  const { keys, getItem } = await modules();
  return getItem(keys.session(tenantId, userId, sessionId));
}

/** Sets how much of a limit its subject has used in the current window. */
export async function useUp(limit: string, subject: string, used: number): Promise<void> {
  const [{ keys }, { limitWindow }] = await Promise.all([
    modules(),
    import('../shared/limits/limits.ts'),
  ]);
  const { startMs } = limitWindow(limitNamed(limit), Date.now());
  await setAttribute(keys.limit(limit, subject, startMs / 1000), 'count', used);
}

/** How much of a limit its subject has used in the current window. */
export async function usedOf(limit: string, subject: string): Promise<unknown> {
  const [{ keys, getItem }, { limitWindow }] = await Promise.all([
    modules(),
    import('../shared/limits/limits.ts'),
  ]);
  const { startMs } = limitWindow(limitNamed(limit), Date.now());
  return (await getItem(keys.limit(limit, subject, startMs / 1000)))?.count ?? 0;
}

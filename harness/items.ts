import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { identityKeys } from '../shared/identity/keys.ts';
import { limitKeys } from '../shared/limits/keys.ts';
import { tenantKeys } from '../shared/tenants/keys.ts';
import { limitNamed } from './limits.ts';
import type { Member } from './world.ts';

type Item = Record<string, unknown>;

/** Loaded when first needed: the table's name is read at load. */
const modules = () => import('../shared/table/table.ts');

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

/** Whether an item is of the audit log, which tells of what is gone too. */
export const isOfAuditLog = ({ pk }: Item): boolean =>
  /^AUDIT-|^TENANT#\w+#AUDIT(?:#|-CHAIN$)/.test(String(pk));

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
  await setAttribute(tenantKeys.tenant(tenantId), 'status', status);
}

export async function setPlan(
  { tenantId }: Pick<Member, 'tenantId'>,
  plan: string | null,
): Promise<void> {
  await setAttribute(tenantKeys.tenant(tenantId), 'plan', plan);
}

export async function setRole(
  { tenantId, userId }: Pick<Member, 'tenantId' | 'userId'>,
  role: string,
): Promise<void> {
  await setAttribute(identityKeys.member(tenantId, userId), 'role', role);
}

export async function setPasswordHash(email: string, hash: string): Promise<void> {
  const { emailHash } = await import('../shared/identity/emails.ts');
  await setAttribute(identityKeys.identity(emailHash(email)), 'password_hash', hash);
}

export async function passwordHashOf(email: string): Promise<unknown> {
  const [{ getItem }, { emailHash }] = await Promise.all([
    modules(),
    import('../shared/identity/emails.ts'),
  ]);
  return (await getItem(identityKeys.identity(emailHash(email))))?.password_hash;
}

export async function tenantItem(tenantId: string): Promise<Item | undefined> {
  const { getItem } = await modules();
  return getItem(tenantKeys.tenant(tenantId));
}

export async function sessionItem({
  tenantId,
  userId,
  sessionId,
}: Pick<Member, 'tenantId' | 'userId' | 'sessionId'>): Promise<Item | undefined> {
  const { getItem } = await modules();
  return getItem(identityKeys.session(tenantId, userId, sessionId));
}

/** Sets how much of a limit its subject has used in the current window. */
export async function useUp(limit: string, subject: string, used: number): Promise<void> {
  const { limitWindow } = await import('../shared/limits/limits.ts');
  const { startMs } = limitWindow(limitNamed(limit), Date.now());
  await setAttribute(limitKeys.limit(limit, subject, startMs / 1000), 'count', used);
}

/** How much of a limit its subject has used in the current window. */
export async function usedOf(limit: string, subject: string): Promise<unknown> {
  const [{ getItem }, { limitWindow }] = await Promise.all([
    modules(),
    import('../shared/limits/limits.ts'),
  ]);
  const { startMs } = limitWindow(limitNamed(limit), Date.now());
  return (await getItem(limitKeys.limit(limit, subject, startMs / 1000)))?.count ?? 0;
}

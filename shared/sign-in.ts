import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { emailHash } from './emails.ts';
import { AppError } from './errors.ts';
import type { Client } from './http/client.ts';
import { addressSubject, admit, count, countWrite, forgive } from './limits.ts';
import { countMetric, logSecurityEvent } from './observe.ts';
import { hashPassword, needsRehash, verifyPassword } from './passwords.ts';
import { newSession, type Tokens } from './sessions.ts';
import { IdentityItem, MemberItem, MembershipItem } from './table/items.ts';
import { keys } from './table/keys.ts';
import { getItem, query, transact, updateItem } from './table/table.ts';

interface Credentials {
  email: string;
  password: string;
  tenant_id?: string | undefined;
}

/**
 * Signs in. Attempts are counted per address and per account before the password is looked at; a
 * locked account, an unknown email and a wrong password get one answer after the same work. The
 * tenant is known only after the look-up: its attempts are counted with the outcome, in one write.
 * Throws `invalid_credentials`, `rate_limited`.
 */
export async function signIn(
  { email, password, tenant_id }: Credentials,
  client: Client,
): Promise<Tokens> {
  const hash = emailHash(email);
  const [, account, known] = await Promise.all([
    admit('login.address', addressSubject(client.address)),
    count('login.account', hash),
    findIdentity(hash, tenant_id),
  ]);
  const matches = await verifyPassword(password, known?.passwordHash);
  if (account.exceeded) return refuse('locked', known);
  if (!known) return refuse('unknown_email', known);
  if (!matches) return refuse('wrong_password', known);
  return startSession(known, password, hash, client);
}

interface Known {
  tenantId: string;
  userId: string;
  passwordHash: string;
}

/** The identity and its membership: of the asked tenant, or of the only one. */
async function findIdentity(
  hash: string,
  tenantId: string | undefined,
): Promise<Known | undefined> {
  const { pk, sk } = keys.identity(hash);
  const { Items = [] } = await query({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': pk },
    ConsistentRead: true,
  });
  const identity = Items.find((item) => item.sk === sk);
  const memberships = Items.filter((item) => item.sk !== sk).map((item) =>
    MembershipItem.parse(item),
  );
  const membership = tenantId
    ? memberships.find(({ tenant_id }) => tenant_id === tenantId)
    : memberships[0];
  if (!identity || !membership) return undefined;
  const { user_id, password_hash } = IdentityItem.parse(identity);
  return { tenantId: membership.tenant_id, userId: user_id, passwordHash: password_hash };
}

async function refuse(reason: string, known: Known | undefined): Promise<never> {
  // Beyond the tenant's limit the answer stays the same: any other would tell that the email exists.
  if (known && reason !== 'tenant_limit') await count('login.tenant', known.tenantId);
  countMetric('SignInRefused');
  logSecurityEvent('sign_in_refused', {
    reason,
    tenant_id: known?.tenantId,
    user_id: known?.userId,
  });
  throw new AppError('invalid_credentials');
}

/** Writes the session beside reading what its tokens say. */
async function startSession(
  known: Known,
  password: string,
  hash: string,
  client: Client,
): Promise<Tokens> {
  const { tenantId, userId } = known;
  const now = Date.now();
  const session = newSession(tenantId, userId, client);
  const [failed, member] = await Promise.all([
    transact([session.write, countWrite('login.tenant', tenantId, now)]),
    getItem(keys.member(tenantId, userId)),
    forgive('login.account', hash),
    needsRehash(known.passwordHash) && renewHash(known.passwordHash, password, hash),
  ]);
  if (failed) return refuse('tenant_limit', known);
  if (!member) return refuse('no_member', known);
  logSecurityEvent('signed_in', { tenant_id: tenantId, user_id: userId });
  return session.tokens(MemberItem.parse(member).role);
}

/** Replaces a hash of an older policy, unless somebody else has replaced it meanwhile. */
async function renewHash(oldHash: string, password: string, hash: string): Promise<void> {
  try {
    await updateItem({
      Key: keys.identity(hash),
      UpdateExpression: 'SET password_hash = :new, updated_at = :now',
      ConditionExpression: 'password_hash = :old',
      ExpressionAttributeValues: {
        ':new': await hashPassword(password),
        ':old': oldHash,
        ':now': new Date().toISOString(),
      },
    });
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

import { auditEntry, nobodysEntry } from '../audit/entry.ts';
import { AppError } from '../contract/errors.ts';
import type { Client } from '../http/client.ts';
import { count, enforceLimit, limitSubjectOf, quotaCheck, resetLimit } from '../limits/limits.ts';
import { logSecurityEvent } from '../runtime/logger.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { changes } from '../table/changes.ts';
import { getItem, query, transact, tryUpdate, type Write } from '../table/table.ts';
import { signedIn, signInRefused } from './audit.ts';
import { emailHash } from './emails.ts';
import { invalidCredentials } from './errors.ts';
import { IdentityItem, MemberItem, MemberRole, MembershipItem } from './items.ts';
import { identityKeys } from './keys.ts';
import {
  loginPerAccount,
  loginPerAccountAndAddress,
  loginPerAddress,
  loginPerTenant,
} from './limits.ts';
import * as metrics from './metrics.ts';
import { hashPassword, needsRehash, verifyPassword } from './passwords.ts';
import { newSession, type Tokens } from './sessions.ts';

interface Credentials {
  email: string;
  password: string;
  tenant_id?: string | undefined;
}

/** An address that an account signed in from stays known to it for this long. */
const knownAddressSeconds = 30 * 86_400;

/**
 * Signs in. Attempts are counted per address, and per account from this address, before the
 * password is checked; refusals also per account and per tenant, with the outcome. A locked
 * account, an unknown email and a wrong password get one answer after the same work. An address
 * that the account recently signed in from cannot be locked out by attempts from others.
 * Throws `invalid_credentials`, `rate_limited`.
 */
export async function signIn(
  { email, password, tenant_id }: Credentials,
  client: Client,
): Promise<Tokens> {
  const attempt = { hash: emailHash(email), address: limitSubjectOf(client.address) };
  const [, fromHere, found] = await Promise.all([
    enforceLimit(loginPerAddress, attempt.address),
    count(loginPerAccountAndAddress, `${attempt.hash}.${attempt.address}`),
    findIdentity(attempt, tenant_id),
  ]);
  const matches = await verifyPassword(password, found?.passwordHash);
  if (fromHere.exceeded) return refuse('locked', attempt, found);
  if (!found) return refuse('unknown_email', attempt, found);
  if (!matches) return refuse('wrong_password', attempt, found);
  return startSession(found, password, attempt, client);
}

interface Attempt {
  hash: string;
  address: string;
}

interface Found {
  tenantId: string;
  userId: string;
  passwordHash: string;
  /** Whether the account has recently signed in from this address. */
  isKnownAddress: boolean;
}

/** The identity and its membership: of the asked tenant, or of the only one. */
async function findIdentity(
  { hash, address }: Attempt,
  tenantId: string | undefined,
): Promise<Found | undefined> {
  const { pk, sk } = identityKeys.identity(hash);
  const { Items = [] } = await query({
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': pk },
    ConsistentRead: true,
  });
  const identity = Items.find((item) => item.sk === sk);
  const memberships = Items.filter((item) => String(item.sk).startsWith('TENANT#')).map((item) =>
    MembershipItem.parse(item),
  );
  const membership = tenantId
    ? memberships.find(({ tenant_id }) => tenant_id === tenantId)
    : memberships[0];
  if (!identity || !membership) return undefined;
  const { user_id, password_hash } = IdentityItem.parse(identity);
  const known = Items.find((item) => item.sk === identityKeys.knownAddress(hash, address).sk);
  return {
    tenantId: membership.tenant_id,
    userId: user_id,
    passwordHash: password_hash,
    isKnownAddress: Number(known?.ttl) > Date.now() / 1000,
  };
}

/**
 * Counts a refusal, leaves it in the audit log and answers it. Always two counters and an entry: what
 * is not to be counted or told goes where nothing reads it, so that the timing reveals nothing.
 */
async function refuse(reason: string, { hash }: Attempt, found: Found | undefined): Promise<never> {
  const isLocked = reason === 'locked';
  const audit = found
    ? await auditEntry(found.tenantId, signInRefused, { subject: found.userId, data: { reason } })
    : nobodysEntry(signInRefused);
  await Promise.all([
    count(loginPerAccount, isLocked ? `locked.${hash}` : hash),
    count(loginPerTenant, isLocked || !found ? `nobody.${hash}` : found.tenantId),
    transact(audit),
  ]);
  recordMetric(metrics.signInRefused, 1);
  if (!found) logSecurityEvent(signInRefused.type, { reason });
  throw new AppError(invalidCredentials);
}

/** Writes the session beside reading what its tokens say. */
async function startSession(
  found: Found,
  password: string,
  attempt: Attempt,
  client: Client,
): Promise<Tokens> {
  const { tenantId, userId } = found;
  const { hash, address } = attempt;
  const now = Date.now();
  const session = newSession(tenantId, userId, client);
  const ttl = Math.floor(now / 1000) + knownAddressSeconds;
  const remember: Write = { put: { Item: { ...identityKeys.knownAddress(hash, address), ttl } } };
  const limits = [
    quotaCheck(loginPerAccount, hash, now),
    quotaCheck(loginPerTenant, tenantId, now),
  ];
  const audit = await auditEntry(tenantId, signedIn, {
    actor: { kind: 'user', id: userId },
    subject: session.id,
  });
  const [failed, member] = await Promise.all([
    transact([session.write, remember, ...(found.isKnownAddress ? [] : limits), ...audit]),
    getItem(identityKeys.member(tenantId, userId)),
    resetLimit(loginPerAccountAndAddress, `${hash}.${address}`),
  ]);
  // Any other answer would reveal that the password is right.
  if (failed) return refuse('locked', attempt, found);
  if (!member) return refuse('no_member', attempt, found);
  if (needsRehash(found.passwordHash)) await renewHash(found.passwordHash, password, hash);
  return session.tokens(MemberRole.parse(MemberItem.parse(member).role));
}

/** Replaces a hash of an older policy, unless another request has changed it since. */
async function renewHash(oldHash: string, password: string, hash: string): Promise<void> {
  await tryUpdate({
    Key: identityKeys.identity(hash),
    ...changes({
      set: { password_hash: await hashPassword(password), updated_at: new Date().toISOString() },
      if: ['password_hash = :old', { old: oldHash }],
    }),
  });
}

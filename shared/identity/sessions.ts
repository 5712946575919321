import { auditEntry } from '../audit/entry.ts';
import type { Role } from '../contract/endpoint.ts';
import { AppError } from '../contract/errors.ts';
import type { Client } from '../http/client.ts';
import {
  countWrite,
  enforceLimit,
  exceededAllowance,
  limitExceeded,
  limitSubjectOf,
  limitWindow,
} from '../limits/limits.ts';
import { newId } from '../runtime/ids.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { changes } from '../table/changes.ts';
import { create, transact, type Write } from '../table/table.ts';
import { tenantSuspended } from '../tenants/errors.ts';
import { accessTokenSeconds, type Principal } from './access-tokens.ts';
import * as audits from './audit.ts';
import { invalidRefreshToken } from './errors.ts';
import { sessionIds } from './ids.ts';
import { MemberRole, type SessionItem } from './items.ts';
import { identityKeys } from './keys.ts';
import { refreshPerAccount, refreshPerAddress, refreshPerTenant } from './limits.ts';
import { refreshTokenReused } from './metrics.ts';
import {
  formatRefreshToken,
  hashSecret,
  matchesHash,
  newSecret,
  nextGeneration,
  parseRefreshToken,
  type RefreshToken,
} from './refresh-tokens.ts';
import { isAlive, readSessionItems, type SessionItems } from './session-state.ts';
import { signAccessToken } from './token-signing.ts';

export interface Tokens {
  access_token: string;
  refresh_token: string;
  token_type: 'bearer';
  expires_in: typeof accessTokenSeconds;
}

/** A session ends 30 days after sign-in, however often it is refreshed. */
export const sessionLifetimeMs = 30 * 86_400_000;
/** A spent refresh token that comes again this soon is a retry, later it is theft. */
export const retryGraceMs = 10_000;

/** A new session: its id, the write that starts it, and the tokens to hand out once it is written. */
export function newSession(
  tenantId: string,
  userId: string,
  client: Client,
): { id: string; write: Write; tokens: (role: Role) => Promise<Tokens> } {
  const token: RefreshToken = {
    tenantId,
    userId,
    sessionId: newId(sessionIds),
    family: newSecret(),
    generation: newSecret(),
  };
  const now = Date.now();
  const item: SessionItem = {
    session_id: token.sessionId,
    user_id: userId,
    family_hash: hashSecret(token.family),
    generation_hash: hashSecret(token.generation),
    created_at_ms: now,
    expires_at_ms: now + sessionLifetimeMs,
    window_start_ms: 0,
    window_count: 0,
    ...(client.userAgent && { user_agent: client.userAgent }),
  };
  const ttl = Math.ceil(item.expires_at_ms / 1000);
  return {
    id: token.sessionId,
    write: create({ ...identityKeys.session(tenantId, userId, token.sessionId), ...item, ttl }),
    tokens: (role) => toTokens({ tenantId, userId, sessionId: token.sessionId, role }, token),
  };
}

async function toTokens(principal: Principal, token: RefreshToken): Promise<Tokens> {
  return {
    access_token: await signAccessToken(principal),
    refresh_token: formatRefreshToken(token),
    token_type: 'bearer',
    expires_in: accessTokenSeconds,
  };
}

/**
 * Exchanges a refresh token. A spent one within the grace returns the successor it was already
 * exchanged for; later, or two generations old, it revokes the session. Every call counts once
 * against the limit of its address, a rotation also against those of the account and the tenant,
 * in the same write.
 * Throws `invalid_refresh_token`, `tenant_suspended`, `rate_limited`.
 */
export async function refreshSession(presented: string, client: Client): Promise<Tokens> {
  const address = limitSubjectOf(client.address);
  const token = parseRefreshToken(presented);
  const items = token && (await readSessionItems(token.tenantId, token.userId, token.sessionId));
  if (!token || !items || !matchesHash(token.family, items.session.family_hash)) {
    await enforceLimit(refreshPerAddress, address);
    throw new AppError(invalidRefreshToken);
  }
  if (!isAlive(items, Date.now())) {
    return refuseEnded(token, address);
  }
  if (items.tenant.status === 'SUSPENDED') {
    await enforceLimit(refreshPerAddress, address);
    throw new AppError(tenantSuspended);
  }
  if (!matchesHash(token.generation, items.session.generation_hash)) {
    await enforceLimit(refreshPerAddress, address);
    return repeatOrRevoke(token, items);
  }
  return rotate(token, items, address);
}

/** Refuses a token of an ended session, counted and told of in one write. */
async function refuseEnded(token: RefreshToken, address: string): Promise<never> {
  const now = Date.now();
  const failed = await transact([
    countWrite(refreshPerAddress, address, now),
    ...(await auditEntry(token.tenantId, audits.refreshRefused, aboutSession(token))),
  ]);
  if (failed) throw limitExceeded(exceededAllowance(refreshPerAddress, now));
  throw new AppError(invalidRefreshToken);
}

/** Who sent the token is not known: the entry is of the session that it was made for. */
const aboutSession = ({ userId, sessionId }: RefreshToken) => ({
  subject: sessionId,
  data: { user_id: userId },
});

/** Spends the current generation and starts the next, counted and conditional in one write. */
async function rotate(token: RefreshToken, items: SessionItems, address: string): Promise<Tokens> {
  const now = Date.now();
  const { session } = items;
  const window = limitWindow(refreshPerAccount, now);
  const used = session.window_start_ms === window.startMs ? session.window_count : 0;
  if (used >= window.quota) throw limitExceeded(exceededAllowance(refreshPerAccount, now));

  const nonce = newSecret();
  const successor = { ...token, generation: nextGeneration(token.generation, nonce) };
  const tokens = toTokens(principalOf(token, items), successor);
  const failed = await transact([
    {
      update: {
        Key: identityKeys.session(token.tenantId, token.userId, token.sessionId),
        ...changes({
          set: {
            generation_hash: hashSecret(successor.generation),
            previous_hash: session.generation_hash,
            rotated_at_ms: now,
            successor_nonce: nonce,
            window_start_ms: window.startMs,
            window_count: used + 1,
          },
          if: [
            'generation_hash = :spent AND attribute_not_exists(revoked_at_ms)',
            { spent: session.generation_hash },
          ],
        }),
      },
    },
    countWrite(refreshPerTenant, token.tenantId, now),
    countWrite(refreshPerAddress, address, now),
  ]);
  if (!failed) return tokens;
  // Nothing is handed out, so the signature in the making is of no interest.
  tokens.catch(() => undefined);
  const [moved, tenantExceeded, addressExceeded] = failed;
  if (addressExceeded) throw limitExceeded(exceededAllowance(refreshPerAddress, now));
  if (tenantExceeded) throw limitExceeded(exceededAllowance(refreshPerTenant, now));
  if (!moved) throw new Error('A rotation failed without a failed condition');

  // Somebody else rotated or revoked it between our read and our write.
  await enforceLimit(refreshPerAddress, address);
  const current = await readSessionItems(token.tenantId, token.userId, token.sessionId);
  if (!current || !isAlive(current, Date.now())) throw new AppError(invalidRefreshToken);
  return repeatOrRevoke(token, current);
}

/** Answers a spent token: again with its successor within the grace, else the session is revoked. */
async function repeatOrRevoke(token: RefreshToken, items: SessionItems): Promise<Tokens> {
  const { session } = items;
  const isPrevious = matchesHash(token.generation, session.previous_hash);
  const isRetry = isPrevious && Date.now() - (session.rotated_at_ms ?? 0) <= retryGraceMs;
  if (isRetry && session.successor_nonce) {
    const successor = {
      ...token,
      generation: nextGeneration(token.generation, session.successor_nonce),
    };
    return toTokens(principalOf(token, items), successor);
  }
  await revokeReused(token);
  recordMetric(refreshTokenReused, 1);
  throw new AppError(invalidRefreshToken);
}

function principalOf(
  { tenantId, userId, sessionId }: RefreshToken,
  { member }: SessionItems,
): Principal {
  return { tenantId, userId, sessionId, role: MemberRole.parse(member.role) };
}

/** Ends the session of a token that was used twice. Does nothing when it has ended already. */
async function revokeReused(token: RefreshToken): Promise<void> {
  const { tenantId, userId, sessionId } = token;
  await transact([
    {
      update: {
        Key: identityKeys.session(tenantId, userId, sessionId),
        ...changes({
          set: { revoked_at_ms: Date.now() },
          if: 'attribute_exists(pk) AND attribute_not_exists(revoked_at_ms)',
        }),
      },
    },
    ...(await auditEntry(tenantId, audits.refreshTokenReused, aboutSession(token))),
  ]);
}

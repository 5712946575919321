import { unauthorized } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { TtlCache } from '../runtime/ttl-cache.ts';
import { getItem, getItems } from '../table/table.ts';
import { subscriptionPending, tenantSuspended } from '../tenants/errors.ts';
import { TenantItem } from '../tenants/items.ts';
import { tenantKeys } from '../tenants/keys.ts';
import type { Principal } from './access-tokens.ts';
import { MemberItem, SessionItem } from './items.ts';
import { identityKeys } from './keys.ts';

/** The current state of a session. Its access token may be out of date. */
export interface SessionItems {
  tenant: TenantItem;
  member: MemberItem;
  session: SessionItem;
}

/** Reads the standing of a session in one round trip. Undefined when any part of it is gone. */
export async function readSessionItems(
  tenantId: string,
  userId: string,
  sessionId: string,
): Promise<SessionItems | undefined> {
  const [tenant, member, session] = await getItems([
    tenantKeys.tenant(tenantId),
    identityKeys.member(tenantId, userId),
    identityKeys.session(tenantId, userId, sessionId),
  ] as const);
  if (!tenant || !member || !session) return undefined;
  return {
    tenant: TenantItem.parse(tenant),
    member: MemberItem.parse(member),
    session: SessionItem.parse(session),
  };
}

/** Whether the session may still act: not revoked, not signed out, not older than it may get. */
export function isAlive(
  { member, session }: Pick<SessionItems, 'member' | 'session'>,
  nowMs: number,
): boolean {
  if (session.revoked_at_ms !== undefined) return false;
  if (session.expires_at_ms <= nowMs) return false;
  return member.signed_out_at_ms === undefined || session.created_at_ms > member.signed_out_at_ms;
}

/** The current standing of a tenant. */
export type TenantState = Pick<TenantItem, 'status' | 'subscription' | 'plan'>;

export interface SessionState extends TenantState {
  role: MemberItem['role'];
}

const sessions = new TtlCache<SessionState>();
const tenants = new TtlCache<TenantState>();

/** Whether a tenant may use what it has bought. No other state is cached: it may end at any moment. */
const isActive = ({ status, subscription }: TenantState): boolean =>
  status === 'ACTIVE' && subscription === 'ACTIVE';

/**
 * The tenant's current standing and the member's current role, cached for at most 30 seconds in a
 * container while the tenant is active. Throws `unauthorized` when the session has ended.
 */
export async function checkSession({
  tenantId,
  userId,
  sessionId,
}: Principal): Promise<SessionState> {
  const key = `${tenantId}/${userId}/${sessionId}`;
  const known = sessions.get(key);
  if (known) return known;
  const items = await readSessionItems(tenantId, userId, sessionId);
  if (!items || !isAlive(items, Date.now())) throw sessionEnded();
  const { tenant, member } = items;
  const { status, subscription, plan } = tenant;
  const checked = { status, subscription, plan, role: member.role };
  if (isActive(checked)) sessions.set(key, checked);
  return checked;
}

/** The tenant's current standing, cached for at most 30 seconds in a container while it is active. */
export async function checkTenant(tenantId: string): Promise<TenantState> {
  const known = tenants.get(tenantId);
  if (known) return known;
  const item = await getItem(tenantKeys.tenant(tenantId));
  if (!item) throw new AppError(tenantSuspended);
  const { status, subscription, plan } = TenantItem.parse(item);
  const checked = { status, subscription, plan };
  if (isActive(checked)) tenants.set(tenantId, checked);
  return checked;
}

/** Refuses callers of a tenant that is suspended, or waits for its profile or its subscription. */
export function assertActive(tenant: TenantState): void {
  if (tenant.status === 'SUSPENDED') throw new AppError(tenantSuspended);
  if (!isActive(tenant)) throw new AppError(subscriptionPending);
}

export function sessionEnded(): AppError {
  return new AppError(unauthorized, {
    detail: 'The session has ended. Sign in again.',
    headers: { 'www-authenticate': 'Bearer realm="tenantry", error="invalid_token"' },
  });
}

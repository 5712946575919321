import type { APIGatewayProxyEvent } from 'aws-lambda';
import { forbidden } from '../contract/core-errors.ts';
import type { Access, Role, ServedEndpoint } from '../contract/endpoint.ts';
import { AppError } from '../contract/errors.ts';
import type { Principal } from '../identity/access-tokens.ts';
import { assertActive, checkSession, sessionEnded } from '../identity/session-state.ts';
import { leewaySeconds } from '../identity/token-leeway.ts';
import { logger } from '../runtime/logger.ts';
import { setActor } from '../runtime/request-context.ts';
import type { TenantItem } from '../tenants/items.ts';
import type { Call } from './call.ts';
import { chain } from './chain.ts';
import { readCall } from './input.ts';
import type { ReplyOf } from './reply.ts';

type Bearer = Extract<Access, { kind: 'bearer' }>;

/**
 * The Lambda handler of an endpoint for members of a tenant. The API's authorizer has verified the
 * token; what has changed since it was signed is checked here.
 */
export function handleBearer<E extends ServedEndpoint & { access: Bearer }>(
  endpoint: E,
  work: (call: Call<E>) => Promise<ReplyOf<E>>,
) {
  return chain(endpoint, async (event) => {
    const principal = readPrincipal(event);
    logger.appendKeys({ tenant_id: principal.tenantId, user_id: principal.userId });
    setActor({ kind: 'user', id: principal.userId });
    const authorized = authorize(endpoint.access, principal);
    if (!endpoint.readsAhead) return work(readCall(endpoint, event, await authorized));
    const plan = async () => (await authorized).plan;
    const reading = async () => work(readCall(endpoint, event, { ...principal, plan }));
    const [verdict, reply] = await Promise.allSettled([authorized, reading()]);
    if (verdict.status === 'rejected') throw verdict.reason;
    if (reply.status === 'rejected') throw reply.reason;
    return reply.value;
  });
}

/**
 * Who the API's authorizer found the caller to be. API Gateway may serve a cached answer, so
 * the expiry of the token is checked again.
 */
function readPrincipal(event: APIGatewayProxyEvent): Principal {
  const context = event.requestContext.authorizer ?? {};
  const { tenant_id: tenantId, user_id: userId, role, session_id: sessionId } = context;
  const isComplete = [tenantId, userId, role, sessionId].every(
    (value) => typeof value === 'string',
  );
  if (!isComplete) throw new Error('The authorizer did not inject a principal');
  const expiresAtSeconds = Number(context.expires_at);
  if (!(expiresAtSeconds + leewaySeconds >= Date.now() / 1000)) throw sessionEnded();
  return { tenantId, userId, sessionId, role: role as Role };
}

/** Refuses an ended session, a tenant that is not active and a role that is not allowed, as of now. */
async function authorize(
  access: Bearer,
  principal: Principal,
): Promise<Principal & Pick<TenantItem, 'plan'>> {
  const current = await checkSession(principal);
  const role = access.roles.find((allowed) => allowed === current.role);
  if (!role) throw new AppError(forbidden);
  if (!access.anyStatus) assertActive(current);
  return { ...principal, role, plan: current.plan };
}

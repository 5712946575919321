import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { Principal } from '../access-tokens.ts';
import { authenticateApiKey } from '../api-keys.ts';
import type { Access, Role } from '../contract/endpoint.ts';
import { AppError } from '../errors.ts';
import { assertActive, checkSession, checkTenant, sessionEnded } from '../standing.ts';
import type { ApiKeyPrincipal } from './call.ts';
import { header } from './client.ts';

type Bearer = Extract<Access, { kind: 'bearer' }>;
type Keyed = Extract<Access, { kind: 'apiKey' }>;

const leewaySeconds = 5;

/**
 * Who the API's authorizer found the caller to be. API Gateway may serve a remembered answer, so
 * the token's end is checked here again.
 */
export function readPrincipal(event: APIGatewayProxyEvent): Principal {
  const context = event.requestContext.authorizer;
  const {
    tenant_id: tenantId,
    user_id: userId,
    role,
    session_id: sessionId,
    expires_at: expiresAt,
  } = context ?? {};
  if (typeof tenantId !== 'string' || typeof userId !== 'string' || typeof sessionId !== 'string') {
    throw new Error('The authorizer did not inject a principal');
  }
  if (Number(expiresAt) + leewaySeconds < Date.now() / 1000) throw sessionEnded();
  return { tenantId, userId, sessionId, role: role as Role };
}

/** Refuses a session that has ended, a tenant that is not active and a role that is not allowed, as of now. */
export async function authorize(access: Bearer, principal: Principal): Promise<Principal> {
  const { tenantStatus, role } = await checkSession(principal);
  if (!access.roles.includes(role)) throw new AppError('forbidden');
  if (!access.anyStatus) assertActive(tenantStatus);
  return { ...principal, role };
}

/** The tenant that the X-Api-Key header speaks for. Throws `invalid_api_key`, `insufficient_scope`. */
export async function authorizeApiKey(
  access: Keyed,
  event: APIGatewayProxyEvent,
): Promise<ApiKeyPrincipal> {
  const key = await authenticateApiKey(header(event, 'x-api-key') ?? '');
  if (!key.scopes.includes(access.scope)) throw new AppError('insufficient_scope');
  assertActive(await checkTenant(key.tenantId));
  return { tenantId: key.tenantId, apiKeyId: key.apiKeyId };
}

import type { Role } from '../contract/endpoint.ts';
import { InvalidTokenError, type KeyRing, verifyToken } from './token-verification.ts';

/** Access tokens live 15 minutes (RFC 9068 profile). */
export const accessTokenSeconds = 900;
export const accessTokenType = 'at+jwt';
export const tokenAudience = 'tenantry-api';

/** Who an access token speaks for. */
export interface Principal {
  tenantId: string;
  userId: string;
  role: Role;
  sessionId: string;
}

/** Verifies an access token. Throws InvalidTokenError. */
export async function verifyAccessToken(
  token: string,
  ring: KeyRing,
  issuer: string,
): Promise<Principal & { expiresAtSeconds: number }> {
  const claims = await verifyToken(token, ring, {
    typ: accessTokenType,
    issuer,
    audience: tokenAudience,
    maxLifetimeSeconds: accessTokenSeconds,
  });
  const { sub, tenant_id: tenantId, role, sid, exp } = claims;
  if (
    typeof sub !== 'string' ||
    typeof tenantId !== 'string' ||
    typeof sid !== 'string' ||
    typeof exp !== 'number' ||
    !isRole(role)
  ) {
    throw new InvalidTokenError('claims');
  }
  return { tenantId, userId: sub, role, sessionId: sid, expiresAtSeconds: exp };
}

const isRole = (value: unknown): value is Role =>
  value === 'owner' || value === 'admin' || value === 'user' || value === 'viewer';

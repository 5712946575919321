import { randomUUID } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';
import { AppError } from '../contract/errors.ts';
import { invalidTicket } from '../marketplace/errors.ts';
import { requireEnv } from '../runtime/config.ts';
import { CachedSecret } from '../runtime/secrets.ts';
import {
  accessTokenSeconds,
  accessTokenType,
  type Principal,
  tokenAudience,
} from './access-tokens.ts';
import { parseKeySet, type SigningKey, signingKeyAt, toVerificationKeys } from './signing-keys.ts';
import { InvalidTokenError, importKeys, type KeyRing, verifyToken } from './token-verification.ts';

const issuer = requireEnv('TOKEN_ISSUER');
const keySetMaxAgeMs = 10 * 60_000;

interface Signer {
  kid: string;
  alg: string;
  sign_from_ms: number;
  key: Awaited<ReturnType<typeof importJWK>>;
}

const keySet = new CachedSecret(
  'SIGNING_KEYS_SECRET',
  async (secret) => {
    const stored = parseKeySet<SigningKey>(secret);
    const signers = new Map<string, Signer>();
    for (const { kid, alg, sign_from_ms, jwk } of stored) {
      signers.set(kid, { kid, alg, sign_from_ms, key: await importJWK(jwk, alg) });
    }
    const ring: KeyRing = await importKeys(toVerificationKeys(stored));
    return { stored, signers, ring };
  },
  keySetMaxAgeMs,
);

async function currentSigner(): Promise<Signer> {
  const { stored, signers } = await keySet.get();
  const signer = signers.get(signingKeyAt(stored, Date.now()).kid);
  if (!signer) throw new Error('The signing key was not imported');
  return signer;
}

async function sign(
  typ: string,
  audience: string,
  subject: string,
  lifetimeSeconds: number,
  claims: Record<string, unknown>,
) {
  const { kid, alg, key } = await currentSigner();
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg, kid, typ })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(now)
    .setExpirationTime(now + lifetimeSeconds)
    .setJti(randomUUID())
    .sign(key);
}

/** A signed access token for the principal (RFC 9068), good for 15 minutes. */
export function signAccessToken({ tenantId, userId, role, sessionId }: Principal): Promise<string> {
  return sign(accessTokenType, tokenAudience, userId, accessTokenSeconds, {
    tenant_id: tenantId,
    role,
    sid: sessionId,
    client_id: 'tenantry',
  });
}

const ticketType = 'registration+jwt';
const ticketAudience = 'tenantry-registration';
/** A registration ticket lives half an hour; a fresh one is a click away in AWS Marketplace. */
export const ticketSeconds = 30 * 60;

/** What a registration ticket is for. */
export interface RegistrationTicket {
  readonly tenantId: string;
  readonly licenseId: string;
}

/**
 * A signed ticket that lets its holder complete the profile of this tenant, or link this license to
 * a tenant of theirs, and nothing else.
 */
export function signRegistrationTicket({
  tenantId,
  licenseId,
}: RegistrationTicket): Promise<string> {
  return sign(ticketType, ticketAudience, tenantId, ticketSeconds, { license_id: licenseId });
}

/** What a registration ticket is for. Throws `invalid_ticket`. */
export async function verifyRegistrationTicket(ticket: string): Promise<RegistrationTicket> {
  const { ring } = await keySet.get();
  try {
    const { sub, license_id } = await verifyToken(ticket, ring, {
      typ: ticketType,
      issuer,
      audience: ticketAudience,
      maxLifetimeSeconds: ticketSeconds,
    });
    if (!sub) throw new InvalidTokenError('sub');
    if (typeof license_id !== 'string') throw new InvalidTokenError('license_id');
    return { tenantId: sub, licenseId: license_id };
  } catch (error) {
    if (error instanceof InvalidTokenError) throw new AppError(invalidTicket, { cause: error });
    throw error;
  }
}

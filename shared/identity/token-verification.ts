import { type CryptoKey, decodeProtectedHeader, importJWK, type JWTPayload, jwtVerify } from 'jose';
import { isCanonicalBase64url } from '../runtime/base64url.ts';
import type { SigningAlgorithm, VerificationKey } from './signing-keys.ts';
import { leewaySeconds } from './token-leeway.ts';

/** A key that is ready to verify with. */
export interface ImportedKey {
  alg: SigningAlgorithm;
  verifyUntilMs: number | null;
  key: CryptoKey | Uint8Array;
}

export type KeyRing = ReadonlyMap<string, ImportedKey>;

/** The token is not one of ours, or no longer. Never says more than that to a caller. */
export class InvalidTokenError extends Error {
  override readonly name = 'InvalidTokenError';
}

/** Nobody published a key by this id. */
export class UnknownKeyError extends InvalidTokenError {}

export async function importKeys(keySet: readonly VerificationKey[]): Promise<KeyRing> {
  const imported = keySet.map(async ({ kid, alg, verify_until_ms, jwk }) => {
    const key = await importJWK(jwk, alg);
    return [kid, { alg, verifyUntilMs: verify_until_ms, key }] as const;
  });
  return new Map(await Promise.all(imported));
}

export interface Expectation {
  /** The `typ` of the header, which keeps the kinds of token apart (RFC 8725, 3.11). */
  typ: string;
  issuer: string;
  audience: string;
  maxLifetimeSeconds: number;
}

const maxTokenLength = 8192;
const segments = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** Verifies a signed token of ours and returns its claims. Throws InvalidTokenError for all others. */
export async function verifyToken(
  token: string,
  ring: KeyRing,
  expected: Expectation,
): Promise<JWTPayload> {
  if (
    token.length > maxTokenLength ||
    !segments.test(token) ||
    !token.split('.').every(isCanonicalBase64url)
  ) {
    throw new InvalidTokenError('not a compact JWS in canonical base64url');
  }
  const key = keyFor(token, ring);
  if (key.verifyUntilMs !== null && key.verifyUntilMs <= Date.now())
    throw new InvalidTokenError('the key has been retired');
  const { payload } = await jwtVerify(token, key.key, {
    algorithms: [key.alg],
    issuer: expected.issuer,
    audience: expected.audience,
    typ: expected.typ,
    clockTolerance: leewaySeconds,
    requiredClaims: ['exp', 'iat', 'sub', 'jti'],
  }).catch((cause: unknown) => {
    throw new InvalidTokenError('signature or claims', { cause });
  });
  const { exp, iat } = payload;
  if (
    !Number.isSafeInteger(exp) ||
    !Number.isSafeInteger(iat) ||
    Number(exp) - Number(iat) > expected.maxLifetimeSeconds
  ) {
    throw new InvalidTokenError('lifetime');
  }
  return payload;
}

/** The key that the header names, if the header's algorithm is the one pinned to that key. */
function keyFor(token: string, ring: KeyRing): ImportedKey {
  const { kid, alg, ...others } = readHeader(token);
  // No extension of JWS is understood here, so none may be asked for (RFC 7515, 4.1.11).
  if ('crit' in others || 'b64' in others) throw new InvalidTokenError('extension');
  if (typeof kid !== 'string' || kid.length > 64) throw new InvalidTokenError('kid');
  const key = ring.get(kid);
  if (!key) throw new UnknownKeyError('kid');
  if (alg !== key.alg) throw new InvalidTokenError('alg');
  return key;
}

function readHeader(token: string): { kid?: unknown; alg?: unknown } {
  try {
    return decodeProtectedHeader(token);
  } catch (cause) {
    throw new InvalidTokenError('header', { cause });
  }
}

import { createHash, randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import { exportJWK, generateKeyPair } from 'jose';

export const signingAlgorithms = ['ES256', 'RS256', 'HS256'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

/** A key that signs from `sign_from_ms` until a newer one does, and verifies until `verify_until_ms`. */
export interface SigningKey {
  kid: string;
  alg: SigningAlgorithm;
  sign_from_ms: number;
  /** Null while no newer key has been made. */
  verify_until_ms: number | null;
  /** The private key, or the symmetric one for HS256. */
  jwk: JWK;
}

export interface VerificationKey {
  kid: string;
  alg: SigningAlgorithm;
  verify_until_ms: number | null;
  /** The public key, or the symmetric one for HS256. */
  jwk: JWK;
}

/** A new key is published this long before it signs: longer than any container keeps its key set. */
export const publishAheadMs = 15 * 60_000;
/** A key verifies this long after it stopped signing: longer than any token lives. */
export const overlapMs = 60 * 60_000;

/** Makes a key. The first of all signs at once, a later one after everybody could learn of it. */
async function newSigningKey(alg: SigningAlgorithm, signFromMs: number): Promise<SigningKey> {
  const jwk =
    alg === 'HS256'
      ? { kty: 'oct', k: randomBytes(32).toString('base64url') }
      : await exportJWK((await generateKeyPair(alg, { extractable: true })).privateKey);
  const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url').slice(0, 16);
  return { kid, alg, sign_from_ms: signFromMs, verify_until_ms: null, jwk };
}

/**
 * The key set after a rotation: one new key, the earlier ones until every token they signed has
 * expired. Nobody is signed out by it, however often it runs.
 */
export async function rotateKeys(
  keySet: readonly SigningKey[],
  alg: SigningAlgorithm,
  nowMs: number,
): Promise<SigningKey[]> {
  const kept = keySet.filter((key) => key.verify_until_ms === null || key.verify_until_ms > nowMs);
  const signFromMs = kept.some((key) => key.sign_from_ms <= nowMs) ? nowMs + publishAheadMs : nowMs;
  return [
    ...kept.map((key) => ({
      ...key,
      verify_until_ms: key.verify_until_ms ?? signFromMs + overlapMs,
    })),
    await newSigningKey(alg, signFromMs),
  ];
}

/** The key that signs at a moment: the newest whose time has come. Throws when there is none. */
export function signingKeyAt(keySet: readonly SigningKey[], nowMs: number): SigningKey {
  const ready = keySet.filter((key) => key.sign_from_ms <= nowMs);
  const newest = ready.toSorted((a, b) => b.sign_from_ms - a.sign_from_ms)[0];
  if (!newest) throw new Error('There is no signing key yet');
  return newest;
}

/** What verifiers need of a key set: no private member, except HS256's shared one. */
export function toVerificationKeys(keySet: readonly SigningKey[]): VerificationKey[] {
  return keySet.map(({ kid, alg, verify_until_ms, jwk }) => ({
    kid,
    alg,
    verify_until_ms,
    jwk: publicPart(jwk),
  }));
}

function publicPart(jwk: JWK): JWK {
  const { kty, crv, x, y, n, e, k } = jwk;
  if (kty === 'EC') return { kty, crv, x, y } as JWK;
  if (kty === 'RSA') return { kty, n, e } as JWK;
  return { kty, k } as JWK;
}

/** The JSON Web Key Set to publish at a moment. Symmetric keys are never in it. */
export function toJwks(keySet: readonly VerificationKey[], nowMs: number): { keys: JWK[] } {
  const usable = keySet.filter(
    (key) => key.verify_until_ms === null || key.verify_until_ms > nowMs,
  );
  return {
    keys: usable
      .filter(({ jwk }) => jwk.kty !== 'oct')
      .map(({ kid, alg, jwk }) => ({ ...publicPart(jwk), kid, alg, use: 'sig' }) as JWK),
  };
}

/** Reads the stored form `{"keys": […]}`. Throws when it is not one, or when no key was made yet. */
export function parseKeySet<K extends SigningKey | VerificationKey>(secret: string): K[] {
  const parsed: unknown = JSON.parse(secret);
  if (
    typeof parsed !== 'object' ||
    parsed === null ||
    !('keys' in parsed) ||
    !Array.isArray(parsed.keys) ||
    parsed.keys.length === 0
  ) {
    throw new Error('The secret is not a key set with keys');
  }
  return parsed.keys;
}

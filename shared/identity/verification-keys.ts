import { CachedSecret } from '../runtime/secrets.ts';
import { parseKeySet, type VerificationKey } from './signing-keys.ts';
import { importKeys } from './token-verification.ts';

const maxAgeMs = 10 * 60_000;

/** The published keys, stored and imported. */
export const verificationKeys = new CachedSecret(
  'VERIFICATION_KEYS_SECRET',
  async (secret) => {
    const published = parseKeySet<VerificationKey>(secret);
    return { published, ring: await importKeys(published) };
  },
  maxAgeMs,
);

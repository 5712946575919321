import { createHmac, hkdfSync } from 'node:crypto';
import { limitSubjectOf } from '../limits/limits.ts';
import { CachedSecret } from '../runtime/secrets.ts';

/** A replaced sealing key may take this long to change the hashes. */
const keyMaxAgeMs = 60 * 60_000;

/** A key derived from the sealing key, for nothing else. */
const addressKey = new CachedSecret(
  'SEALING_KEY_SECRET',
  (secret) => Buffer.from(hkdfSync('sha256', secret, '', 'tenantry audit addresses', 32)),
  keyMaxAgeMs,
);

/**
 * An address as the audit log has it: the same address of the same tenant has the same hash, and
 * without the key nothing leads back. Of an IPv6 address the first 64 bits count.
 */
export async function addressHash(tenantId: string, address: string): Promise<string> {
  const subject = `${tenantId} ${limitSubjectOf(address)}`;
  const digest = createHmac('sha256', await addressKey.get())
    .update(subject)
    .digest();
  return digest.subarray(0, 16).toString('base64url');
}

import { createHmac } from 'node:crypto';
import bcrypt from '@node-rs/bcrypt';

/** bcrypt's work factor for new hashes; hashes of another cost are renewed at the next sign-in. */
export const bcryptCost = 12;
const bcryptMaxBytes = 72;

/**
 * What bcrypt is given. Text is compared in Unicode's NFC form, so the same password typed on two
 * keyboards is one. bcrypt reads 72 bytes and no more: a longer password is condensed first (keyed,
 * so that the digest of a leaked SHA-384 is no password here).
 */
function bcryptInput(password: string): string {
  const text = password.normalize('NFC');
  if (Buffer.byteLength(text) <= bcryptMaxBytes) return text;
  return createHmac('sha384', 'tenantry long password').update(text).digest('base64');
}

export function hashPassword(password: string): Promise<string> {
  return bcrypt.hash(bcryptInput(password), { cost: bcryptCost });
}

/** $2a$ and $2y$, which older services wrote, are the same algorithm; $2x$ is a faulty one. */
const hashShape = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** A hash of cost 12 that no password matches, to spend the same work where there is no hash to check. */
const dummyHash = (cost: number) => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;

/**
 * Whether the password matches the hash. Always takes the work of one hash at the current cost: also
 * for an absent or broken hash, and topped up for a cheaper one.
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const input = bcryptInput(password);
  const cost = Number(hashShape.exec(hash ?? '')?.[1] ?? Number.NaN);
  if (hash === undefined || !(cost >= 4 && cost <= bcryptCost)) {
    await bcrypt.verify(input, dummyHash(bcryptCost));
    return false;
  }
  const matches = await bcrypt.verify(input, hash);
  // 2^cost + 2^cost + 2^(cost+1) + … + 2^11 = 2^12. Also for the right password: while the account
  // is locked, its timing must not differ from that of a wrong one.
  for (let topUp = cost; topUp < bcryptCost; topUp += 1)
    await bcrypt.verify(input, dummyHash(topUp));
  return matches;
}

/** Whether a hash that was just opened is not what a new one would be. */
export function needsRehash(hash: string): boolean {
  return !hash.startsWith(`$2b$${bcryptCost}$`);
}

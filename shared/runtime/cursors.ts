import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { invalidCursor } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { isCanonicalBase64url } from './base64url.ts';
import { CachedSecret } from './secrets.ts';

const keyMaxAgeMs = 10 * 60_000;
const lifetimeMs = 24 * 60 * 60_000;
const cipherName = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

const sealingKey = new CachedSecret(
  'SEALING_KEY_SECRET',
  (secret) => createHash('sha256').update(secret).digest(),
  keyMaxAgeMs,
);

/** What a cursor is bound to: it opens for this tenant and this list with these filters only. */
export interface CursorScope {
  tenantId: string;
  list: string;
  filters: Record<string, unknown>;
}

/** The scope as the cipher authenticates it. Values of undefined and the order of members make no difference. */
function bindingOf({ tenantId, list, filters }: CursorScope): Buffer {
  const entries = Object.entries(filters).filter(([, value]) => value !== undefined);
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(JSON.stringify([tenantId, list, sorted]));
}

interface Content {
  position: Record<string, unknown>;
  expiresAtMs: number;
}

/** Seals the position in a list. Nobody can read, change or move it; it is good for a day. */
export async function sealCursor(
  scope: CursorScope,
  position: Record<string, unknown>,
): Promise<string> {
  const content: Content = { position, expiresAtMs: Date.now() + lifetimeMs };
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(cipherName, await sealingKey.get(), nonce);
  cipher.setAAD(bindingOf(scope));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** Opens a cursor. Throws `invalid_cursor` for one that another scope sealed, or that has expired. */
export async function openCursor(
  scope: CursorScope,
  cursor: string,
): Promise<Record<string, unknown>> {
  const bytes = Buffer.from(cursor, 'base64url');
  if (!isCanonicalBase64url(cursor) || bytes.length < nonceBytes + tagBytes)
    throw new AppError(invalidCursor);
  const options = { authTagLength: tagBytes };
  const nonce = bytes.subarray(0, nonceBytes);
  const decipher = createDecipheriv(cipherName, await sealingKey.get(), nonce, options);
  decipher.setAAD(bindingOf(scope)).setAuthTag(bytes.subarray(-tagBytes));
  const { position, expiresAtMs } = decrypt(decipher, bytes.subarray(nonceBytes, -tagBytes));
  if (expiresAtMs <= Date.now()) throw new AppError(invalidCursor);
  return position;
}

/** What authenticates was sealed here, so its shape needs no check. */
function decrypt(decipher: ReturnType<typeof createDecipheriv>, sealed: Buffer): Content {
  try {
    return JSON.parse(`${decipher.update(sealed, undefined, 'utf8')}${decipher.final('utf8')}`);
  } catch (cause) {
    throw new AppError(invalidCursor, { cause });
  }
}

import { createHash } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { invalidCursor } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { isCanonicalBase64url } from './base64url.ts';
import { CachedSecret } from './secrets.ts';

const keyMaxAgeMs = 10 * 60_000;
const cursorHours = 24;

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

/** Values of undefined and the order of members make no difference. */
function fingerprint(filters: Record<string, unknown>): string {
  const entries = Object.entries(filters).filter(([, value]) => value !== undefined);
  return createHash('sha256')
    .update(JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .digest('base64url');
}

/** Seals the position in a list. Nobody can read, change or move it; it is good for a day. */
export async function sealCursor(
  scope: CursorScope,
  position: Record<string, unknown>,
): Promise<string> {
  return new EncryptJWT({ position, filters: fingerprint(scope.filters) })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setSubject(scope.tenantId)
    .setAudience(scope.list)
    .setExpirationTime(`${cursorHours}h`)
    .encrypt(await sealingKey.get());
}

/** Opens a cursor. Throws `invalid_cursor` for whatever this scope did not seal, or sealed too long ago. */
export async function openCursor(
  scope: CursorScope,
  cursor: string,
): Promise<Record<string, unknown>> {
  if (!cursor.split('.').every(isCanonicalBase64url)) throw new AppError(invalidCursor);
  const key = await sealingKey.get();
  const { payload } = await jwtDecrypt(cursor, key, {
    subject: scope.tenantId,
    audience: scope.list,
    requiredClaims: ['exp'],
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  }).catch((cause: unknown) => {
    throw new AppError(invalidCursor, { cause });
  });
  const { position, filters } = payload;
  if (filters !== fingerprint(scope.filters) || typeof position !== 'object' || position === null) {
    throw new AppError(invalidCursor);
  }
  return position as Record<string, unknown>;
}

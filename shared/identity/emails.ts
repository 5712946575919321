import { createHash } from 'node:crypto';

/** The name under which the identity of an email is kept: keys never contain an address. */
export function emailHash(email: string): string {
  return createHash('sha256').update(email).digest('base64url');
}

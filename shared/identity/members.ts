import { newId } from '../runtime/ids.ts';
import { create, type Write } from '../table/table.ts';
import { emailHash } from './emails.ts';
import { userIds } from './ids.ts';
import { identityKeys } from './keys.ts';

/**
 * The writes that make a new person the owner of a tenant: their identity (unique by email), its
 * membership, and the member. The first write fails its condition when the email is taken.
 */
export function newOwner(
  tenantId: string,
  email: string,
  passwordHash: string,
): { userId: string; writes: [Write, Write, Write] } {
  const userId = newId(userIds);
  const hash = emailHash(email);
  const now = new Date().toISOString();
  return {
    userId,
    writes: [
      create({
        ...identityKeys.identity(hash),
        user_id: userId,
        password_hash: passwordHash,
        created_at: now,
        updated_at: now,
      }),
      create({ ...identityKeys.membership(hash, tenantId), tenant_id: tenantId, user_id: userId }),
      create({
        ...identityKeys.member(tenantId, userId),
        user_id: userId,
        email,
        role: 'owner',
        created_at: now,
      }),
    ],
  };
}

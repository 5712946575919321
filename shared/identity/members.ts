import { type Language, languages } from '../contract/mails.ts';
import { newId } from '../runtime/ids.ts';
import { create, queryPages, type Write } from '../table/table.ts';
import { tenantKeys } from '../tenants/keys.ts';
import { emailHash } from './emails.ts';
import { userIds } from './ids.ts';
import { MemberItem } from './items.ts';
import { identityKeys, memberPrefix } from './keys.ts';

/**
 * The writes that make a new person the owner of a tenant: their identity (unique by email), its
 * membership, and the member, who is written to in `language`. The first write fails its condition
 * when the email is taken.
 */
export function newOwner(
  tenantId: string,
  email: string,
  passwordHash: string,
  language: Language,
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
        language,
        created_at: now,
      }),
    ],
  };
}

/** A member, as far as others write to them. */
export interface Member {
  readonly userId: string;
  readonly email: string;
  readonly role: string;
  readonly language: Language;
}

/** The members of a tenant, strongly consistent. */
export async function readMembers(tenantId: string): Promise<Member[]> {
  const { pk } = tenantKeys.tenant(tenantId);
  const found: Member[] = [];
  const pages = queryPages({
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: { ':pk': pk, ':prefix': memberPrefix },
    ConsistentRead: true,
  });
  for await (const { items } of pages) {
    for (const item of items) {
      const { user_id, email, role, language } = MemberItem.parse(item);
      found.push({ userId: user_id, email, role, language: knownLanguage(language) });
    }
  }
  return found;
}

const knownLanguage = (name: string | undefined): Language =>
  languages.find((language) => language === name) ?? 'en';

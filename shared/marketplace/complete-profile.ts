import { auditEntry } from '../audit/entry.ts';
import { AppError } from '../contract/errors.ts';
import type { Client } from '../http/client.ts';
import { emailTaken } from '../identity/errors.ts';
import { registerPerTenant } from '../identity/limits.ts';
import { welcome } from '../identity/mails.ts';
import { newOwner } from '../identity/members.ts';
import { assertUncommonPassword } from '../identity/password-policy.ts';
import { hashPassword } from '../identity/passwords.ts';
import { newSession, type Tokens } from '../identity/sessions.ts';
import { verifyRegistrationTicket } from '../identity/token-signing.ts';
import { enforceLimit } from '../limits/limits.ts';
import { mailWrites } from '../mail/outbox.ts';
import { queueMail } from '../mail/queue-mail.ts';
import { changes } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import { transact } from '../table/table.ts';
import { tenantSuspended } from '../tenants/errors.ts';
import type { TenantItem } from '../tenants/items.ts';
import { tenantKeys } from '../tenants/keys.ts';
import { getTenant } from '../tenants/tenants.ts';
import { statusOf } from './access.ts';
import * as audits from './audit.ts';
import { invalidTicket, profileCompleted } from './errors.ts';
import { subscriptionEnded, welcomePending } from './mails.ts';

interface Profile {
  registration_ticket: string;
  tenant_id?: string | undefined;
  email: string;
  password: string;
  company_name?: string | undefined;
}

/**
 * Completes the profile of the ticket's tenant: its owner, its status and the owner's first
 * session in one transaction. Only a tenant that waits for its profile is activated, never a
 * suspended one. Throws `invalid_ticket`, `profile_completed`, `tenant_suspended`, `email_taken`.
 */
export async function completeProfile(
  profile: Profile,
  client: Client,
): Promise<Tokens & { tenant_id: string; status: TenantItem['status'] }> {
  const { tenantId } = await verifyRegistrationTicket(profile.registration_ticket);
  if (profile.tenant_id !== undefined && profile.tenant_id !== tenantId) {
    throw new AppError(invalidTicket, {
      detail: 'The registration ticket is for another tenant.',
    });
  }
  await enforceLimit(registerPerTenant, tenantId);
  assertUncommonPassword(profile.password, {
    email: profile.email,
    companyName: profile.company_name,
  });
  assertPending((await getTenant(tenantId)).status);

  const owner = newOwner(
    tenantId,
    profile.email,
    await hashPassword(profile.password),
    client.language,
  );
  const session = newSession(tenantId, owner.userId, client);
  const [tokens, audit] = await Promise.all([
    session.tokens('owner'),
    auditEntry(tenantId, audits.profileCompleted, {
      actor: { kind: 'user', id: owner.userId },
      subject: tenantId,
    }),
  ]);
  const status = await retryConflicts(async () => {
    // Read once more: the subscription may have started or ended while the password was hashed.
    const tenant = await getTenant(tenantId);
    assertPending(tenant.status);
    const next = statusOf({ ...tenant, status: 'ACTIVE' });
    const failed = await transact([
      {
        update: {
          Key: tenantKeys.tenant(tenantId),
          ...changes({
            set: {
              status: next,
              name: profile.company_name ?? null,
              updated_at: new Date().toISOString(),
            },
            add: { version: 1 },
            if: ['version = :read', { read: tenant.version }],
          }),
        },
      },
      ...owner.writes,
      session.write,
      ...mailWrites(tenantId, welcomeOf(next, tenant), {
        to: { users: [owner.userId] },
        params: {},
        once: welcome.id,
      }),
      ...audit,
    ]);
    if (failed?.[0]) return undefined;
    if (failed) throw new AppError(emailTaken);
    return next;
  });
  await queueMail(tenantId, welcome.id);
  return { ...tokens, tenant_id: tenantId, status };
}

function assertPending(status: TenantItem['status']): void {
  if (status === 'ACTIVE') throw new AppError(profileCompleted);
  if (status === 'SUSPENDED') throw new AppError(tenantSuspended);
}

/** What the owner is told first: a subscription may not have started yet, or be over already. */
function welcomeOf(status: TenantItem['status'], { subscription }: TenantItem) {
  if (status === 'SUSPENDED') return subscriptionEnded;
  return subscription === 'PENDING' ? welcomePending : welcome;
}

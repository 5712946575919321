import { AppError } from './errors.ts';
import type { Client } from './http/client.ts';
import type { Purchase } from './marketplace.ts';
import { newOwner } from './members.ts';
import { logSecurityEvent } from './observe.ts';
import { assertUncommonPassword, hashPassword } from './passwords.ts';
import { newSession, type Tokens } from './sessions.ts';
import { type LicenseItem, LicenseLookupItem, type TenantItem } from './table/items.ts';
import { keys } from './table/keys.ts';
import { create, getItem, transact } from './table/table.ts';
import { getTenant, newTenant } from './tenants.ts';
import { signRegistrationTicket, verifyRegistrationTicket } from './tokens.ts';

export interface Registration {
  tenant_id: string;
  status: TenantItem['status'];
  registration_ticket: string;
}

/** The tenant of a purchase, created at its first sight, with a ticket to complete its profile. */
export async function register(purchase: Purchase): Promise<Registration> {
  const tenant = (await findTenant(purchase.licenseId)) ?? (await createTenant(purchase));
  return {
    tenant_id: tenant.id,
    status: tenant.status,
    registration_ticket: await signRegistrationTicket(tenant.id),
  };
}

async function findTenant(licenseId: string): Promise<TenantItem | undefined> {
  const item = await getItem(keys.licenseLookup(licenseId));
  return item && getTenant(LicenseLookupItem.parse(item).tenant_id);
}

/** However many ask at once for one license, one of them creates its tenant and all get that one. */
async function createTenant(purchase: Purchase): Promise<TenantItem> {
  const { tenant, write } = newTenant({ status: 'PENDING_PROFILE', plan: null });
  const { licenseId } = purchase;
  const license: LicenseItem = {
    license_id: licenseId,
    ...(purchase.licenseArn && { license_arn: purchase.licenseArn }),
    ...(purchase.customerIdentifier && { customer_identifier: purchase.customerIdentifier }),
    account_id: purchase.accountId,
    product_code: purchase.productCode,
    ...(purchase.offerType && { offer_type: purchase.offerType }),
    status: 'PENDING',
    created_at: tenant.created_at,
  };
  const failed = await transact([
    create({ ...keys.licenseLookup(licenseId), tenant_id: tenant.id }),
    create({ ...keys.license(tenant.id, licenseId), ...license }),
    write,
  ]);
  if (failed) {
    const winner = await findTenant(licenseId);
    if (!winner) throw new Error('A license is taken but leads to no tenant');
    return winner;
  }
  logSecurityEvent('tenant_registered', { tenant_id: tenant.id });
  return tenant;
}

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
  const tenantId = await verifyRegistrationTicket(profile.registration_ticket);
  if (profile.tenant_id !== undefined && profile.tenant_id !== tenantId) {
    throw new AppError('invalid_ticket', {
      detail: 'The registration ticket is for another tenant.',
    });
  }
  assertUncommonPassword(profile.password, {
    email: profile.email,
    companyName: profile.company_name,
  });
  assertPending((await getTenant(tenantId)).status);

  const owner = newOwner(tenantId, profile.email, await hashPassword(profile.password));
  const session = newSession(tenantId, owner.userId, client);
  const failed = await transact([
    {
      update: {
        Key: keys.tenant(tenantId),
        UpdateExpression:
          'SET #status = :active, #name = :name, updated_at = :now, version = version + :one',
        ConditionExpression: '#status = :pending',
        ExpressionAttributeNames: { '#status': 'status', '#name': 'name' },
        ExpressionAttributeValues: {
          ':active': 'ACTIVE',
          ':pending': 'PENDING_PROFILE',
          ':name': profile.company_name ?? null,
          ':now': new Date().toISOString(),
          ':one': 1,
        },
      },
    },
    ...owner.writes,
    session.write,
  ]);
  if (failed?.[0]) assertPending((await getTenant(tenantId)).status);
  if (failed) throw new AppError('email_taken');
  logSecurityEvent('profile_completed', { tenant_id: tenantId, user_id: owner.userId });
  return { ...(await session.tokens('owner')), tenant_id: tenantId, status: 'ACTIVE' };
}

function assertPending(status: TenantItem['status']): void {
  if (status === 'ACTIVE') throw new AppError('profile_completed');
  if (status === 'SUSPENDED') throw new AppError('tenant_suspended');
}

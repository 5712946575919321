import { signRegistrationTicket } from '../identity/token-signing.ts';
import { logSecurityEvent } from '../runtime/logger.ts';
import { create, getItem, transact } from '../table/table.ts';
import type { TenantItem } from '../tenants/items.ts';
import { getTenant, newTenant } from '../tenants/tenants.ts';
import { type LicenseItem, LicenseLookupItem } from './items.ts';
import { marketplaceKeys } from './keys.ts';
import type { Purchase } from './resolve-customer.ts';

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
  const item = await getItem(marketplaceKeys.licenseLookup(licenseId));
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
    create({ ...marketplaceKeys.licenseLookup(licenseId), tenant_id: tenant.id }),
    create({ ...marketplaceKeys.license(tenant.id, licenseId), ...license }),
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

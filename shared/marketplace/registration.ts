import { auditEntry } from '../audit/entry.ts';
import { signRegistrationTicket } from '../identity/token-signing.ts';
import { followLicense } from '../metering/metered-licenses.ts';
import { once } from '../runtime/once.ts';
import { retryConflicts } from '../table/retry.ts';
import { transact } from '../table/table.ts';
import type { TenantItem } from '../tenants/items.ts';
import { getTenant, newTenant } from '../tenants/tenants.ts';
import { standingOf } from './access.ts';
import { tenantRegistered } from './audit.ts';
import { entitlementsAtOnce } from './entitlements.ts';
import type { LicenseLookupItem } from './items.ts';
import { readJournal, settleAgreement } from './journal.ts';
import {
  claimLicense,
  findLicense,
  type LicenseNames,
  licenseWrite,
  newLicense,
} from './licenses.ts';
import type { Purchase } from './resolve-customer.ts';
import { trialMailWrites } from './trial-mail.ts';

export interface Registration {
  tenant_id: string;
  status: TenantItem['status'];
  registration_ticket: string;
}

/**
 * The tenant of a purchase, created at its first sight with everything that was heard of the purchase
 * before, and a ticket to complete its profile or to link the license to another tenant.
 */
export async function register(purchase: Purchase): Promise<Registration> {
  const entitled = once(() => entitlementsAtOnce(namesOf(purchase)));
  const tenant = await retryConflicts(async () => {
    const lookup = await findLicense(purchase.licenseId);
    if (lookup.tenant_id) return getTenant(lookup.tenant_id);
    return createTenant(purchase, lookup, entitled);
  });
  return {
    tenant_id: tenant.id,
    status: tenant.status,
    registration_ticket: await signRegistrationTicket({
      tenantId: tenant.id,
      licenseId: purchase.licenseId,
    }),
  };
}

const namesOf = (purchase: Purchase): LicenseNames => ({
  license_id: purchase.licenseId,
  ...(purchase.licenseArn && { license_arn: purchase.licenseArn }),
  ...(purchase.customerIdentifier && { customer_identifier: purchase.customerIdentifier }),
  account_id: purchase.accountId,
  product_code: purchase.productCode,
  ...(purchase.offerType && { offer_type: purchase.offerType }),
});

const unregistered = {
  status: 'PENDING_PROFILE',
  plan: null,
  is_self_serve: false,
  is_held: false,
} as const;

/**
 * However many ask at once for one license, one of them creates its tenant. Undefined for the others,
 * and when an event of the purchase came in between.
 */
async function createTenant(
  purchase: Purchase,
  lookup: LicenseLookupItem,
  entitled: () => ReturnType<typeof entitlementsAtOnce>,
): Promise<TenantItem | undefined> {
  const agreementId = lookup.agreement_id ?? purchase.agreementId;
  const [journal, entitlements] = await Promise.all([
    agreementId ? readJournal(agreementId) : { events: [] },
    entitled(),
  ]);
  const names = { ...namesOf(purchase), ...(agreementId && { agreement_id: agreementId }) };
  const license = { ...newLicense(names, journal), ...entitlements };
  const { tenant, write } = newTenant(standingOf(unregistered, [license]));
  const audit = await auditEntry(tenant.id, tenantRegistered, {
    actor: { kind: 'aws_marketplace', id: purchase.accountId },
    subject: tenant.id,
    data: { license_id: license.license_id, product_code: purchase.productCode },
  });
  const failed = await transact([
    claimLicense(license, lookup, tenant.id),
    licenseWrite(tenant.id, license),
    ...trialMailWrites(tenant.id, license),
    ...followLicense(tenant.id, license),
    write,
    ...('agreement' in journal && journal.agreement
      ? [settleAgreement(journal.agreement, tenant.id)]
      : []),
    ...audit,
  ]);
  if (failed) return undefined;
  return tenant;
}

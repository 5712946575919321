import { auditEntry } from '../audit/entry.ts';
import { AppError } from '../contract/errors.ts';
import { verifyRegistrationTicket } from '../identity/token-signing.ts';
import { enforceLimit } from '../limits/limits.ts';
import { followLicense } from '../metering/metered-licenses.ts';
import { changes, when } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import { getItem, transact, type Write } from '../table/table.ts';
import { TenantItem } from '../tenants/items.ts';
import { tenantKeys } from '../tenants/keys.ts';
import { readLicenses, refreshTenant } from './access.ts';
import * as audits from './audit.ts';
import { invalidTicket, licenseLinked } from './errors.ts';
import type { LicenseItem } from './items.ts';
import { marketplaceKeys } from './keys.ts';
import { findLicense, licenseWrite } from './licenses.ts';
import { linkPerTenant } from './limits.ts';

/**
 * Attaches the license of a ticket to the caller's tenant, in place of the tenant that it was
 * registered for and whose profile was never completed, which goes. The same again changes nothing. Returns
 * the licenses that the tenant has then. Throws `invalid_ticket`, `license_linked`.
 */
export async function linkLicense(tenantId: string, ticket: string): Promise<LicenseItem[]> {
  await enforceLimit(linkPerTenant, tenantId);
  const { licenseId } = await verifyRegistrationTicket(ticket);
  await retryConflicts(() => moveLicense(licenseId, tenantId));
  await refreshTenant(tenantId);
  return readLicenses(tenantId);
}

/** Undefined when something of it changed in between. */
async function moveLicense(licenseId: string, toTenantId: string) {
  const { tenant_id: fromTenantId } = await findLicense(licenseId);
  if (!fromTenantId) throw new AppError(invalidTicket);
  if (fromTenantId === toTenantId) return { isDone: true };
  const [tenant, licenses] = await Promise.all([
    getItem(tenantKeys.tenant(fromTenantId)),
    readLicenses(fromTenantId),
  ]);
  if (!tenant) return undefined;
  if (TenantItem.parse(tenant).status !== 'PENDING_PROFILE') throw new AppError(licenseLinked);
  const failed = await transact([
    {
      delete: {
        Key: tenantKeys.tenant(fromTenantId),
        ...when(['#status = :pending', { pending: 'PENDING_PROFILE' }]),
      },
    },
    // More than one where the purchase was renewed before anybody registered.
    ...licenses.flatMap((license) => moveWrites(license, fromTenantId, toTenantId)),
    ...(await auditEntry(toTenantId, audits.licenseLinked, { subject: licenseId })),
  ]);
  if (failed) return undefined;
  return { isDone: true };
}

function moveWrites(license: LicenseItem, fromTenantId: string, toTenantId: string): Write[] {
  const { license_id, agreement_id, applied_events, entitlements_at } = license;
  const now = new Date().toISOString();
  return [
    {
      update: {
        Key: marketplaceKeys.licenseLookup(license_id),
        ...changes({
          set: { tenant_id: toTenantId },
          if: ['tenant_id = :read', { read: fromTenantId }],
        }),
      },
    },
    {
      delete: {
        Key: marketplaceKeys.license(fromTenantId, license_id),
        ...when(
          entitlements_at
            ? [
                'applied_events = :read AND entitlements_at = :asked',
                { read: applied_events, asked: entitlements_at },
              ]
            : [
                'applied_events = :read AND attribute_not_exists(entitlements_at)',
                { read: applied_events },
              ],
        ),
      },
    },
    licenseWrite(toTenantId, { ...license, created_at: now }),
    ...followLicense(toTenantId, license),
    ...(agreement_id
      ? [
          {
            update: {
              Key: marketplaceKeys.agreement(agreement_id),
              ...changes({
                set: { tenant_id: toTenantId },
                setOnce: { agreement_id, event_count: 0, first_event_at: now },
              }),
            },
          },
        ]
      : []),
  ];
}

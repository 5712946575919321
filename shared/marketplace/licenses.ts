import { followLicense } from '../metering/metered-licenses.ts';
import { flushIfOver } from '../metering/over.ts';
import { changes } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import { create, getItem, transact, type Write } from '../table/table.ts';
import { LicenseItem, LicenseLookupItem } from './items.ts';
import { type Journal, readJournal, settleAgreement } from './journal.ts';
import { buyerSeries, marketplaceKeys } from './keys.ts';
import { stateOf } from './license-state.ts';
import { productOf } from './sold-product.ts';

/** What a license is known by before anything was heard of it. */
export type LicenseNames = Pick<
  LicenseItem,
  | 'license_id'
  | 'license_arn'
  | 'customer_identifier'
  | 'agreement_id'
  | 'account_id'
  | 'product_code'
  | 'offer_type'
>;

/** A license as its journal tells, for a tenant that gets it now. */
export function newLicense(names: LicenseNames, { events }: Pick<Journal, 'events'>): LicenseItem {
  const created_at = new Date().toISOString();
  const { pricing } = productOf(names.product_code) ?? {};
  const state = stateOf(names.license_id, events, { pricing, registeredAt: created_at });
  return {
    ...names,
    ...state,
    is_free_trial: state.is_free_trial || names.offer_type === 'free-trial',
    applied_events: events.length,
    created_at,
  };
}

/** The write that gives a tenant a new license. */
export const licenseWrite = (tenantId: string, license: LicenseItem): Write =>
  create({
    ...marketplaceKeys.license(tenantId, license.license_id),
    ...buyerSeries(license.account_id, license.created_at, license.license_id),
    ...license,
  });

/** The way from a license to its agreement and tenant. */
export async function findLicense(licenseId: string): Promise<LicenseLookupItem> {
  const item = await getItem(marketplaceKeys.licenseLookup(licenseId));
  return LicenseLookupItem.parse(item ?? {});
}

/** The write that leads from a license to its tenant, if nothing was heard of it since it was read. */
export const claimLicense = (
  licenseId: string,
  read: LicenseLookupItem,
  tenantId: string,
): Write => ({
  update: {
    Key: marketplaceKeys.licenseLookup(licenseId),
    ...changes({
      set: { tenant_id: tenantId },
      if: read.agreement_id
        ? ['attribute_not_exists(tenant_id) AND agreement_id = :read', { read: read.agreement_id }]
        : 'attribute_not_exists(tenant_id) AND attribute_not_exists(agreement_id)',
    }),
  },
});

/**
 * Brings a tenant's license up to what its journal tells. A state made of fewer events than the one
 * in the table changes nothing. Returns false when the tenant does not have the license (any more).
 */
export async function applyJournal(
  tenantId: string,
  licenseId: string,
  agreementId: string,
  { events }: Journal,
): Promise<boolean> {
  const Key = marketplaceKeys.license(tenantId, licenseId);
  const item = await getItem(Key);
  if (!item) return false;
  const read = LicenseItem.parse(item);
  const { created_at, product_code, offer_type } = read;
  const pricing = productOf(product_code)?.pricing;
  const state = stateOf(licenseId, events, { pricing, registeredAt: created_at });
  const license = { ...read, ...state };
  const failed = await transact([
    {
      update: {
        Key,
        ...changes({
          set: {
            ...state,
            is_free_trial: state.is_free_trial || offer_type === 'free-trial',
            agreement_id: agreementId,
            applied_events: events.length,
          },
          if: ['applied_events <= :count', { count: events.length }],
        }),
      },
    },
    ...followLicense(tenantId, license),
  ]);
  if (failed) return (await getItem(Key)) !== undefined;
  await flushIfOver(tenantId, license);
  return true;
}

/**
 * Gives a tenant the license of an agreement that takes the place of one of its own: a renewal
 * needs no registration.
 */
export async function inheritLicense(
  tenantId: string,
  licenseId: string,
  agreementId: string,
): Promise<void> {
  await retryConflicts(async () => {
    const [lookup, journal] = await Promise.all([findLicense(licenseId), readJournal(agreementId)]);
    const { license_arn, account_id, product_code, tenant_id } = lookup;
    if (tenant_id || !account_id || !product_code || !journal.agreement) return { isDone: true };
    const names: LicenseNames = {
      license_id: licenseId,
      ...(license_arn && { license_arn }),
      agreement_id: agreementId,
      account_id,
      product_code,
    };
    const license = newLicense(names, journal);
    const failed = await transact([
      claimLicense(licenseId, lookup, tenantId),
      licenseWrite(tenantId, license),
      ...followLicense(tenantId, license),
      settleAgreement(journal.agreement, tenantId),
    ]);
    return failed ? undefined : { isDone: true };
  });
}

import { followLicense } from '../metering/metered-licenses.ts';
import { flushIfOver } from '../metering/over.ts';
import { changes } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import { create, getItem, transact, type Write } from '../table/table.ts';
import { isEntitling, nextAskAt } from './entitlement-due.ts';
import { type AgreementTerms, LicenseItem, LicenseLookupItem } from './items.ts';
import { type Journal, readJournal, settleAgreement } from './journal.ts';
import { buyerSeries, dueSeries, marketplaceKeys } from './keys.ts';
import { type LicenseState, stateOf } from './license-state.ts';
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

/** What a license is by its journal and the terms of its agreement. */
function stateBy(
  { license_id, product_code, offer_type }: LicenseNames,
  { events, agreement }: JournalOfLicense,
  registeredAt: string,
): LicenseState & Pick<LicenseItem, 'trial_ends_at'> {
  const pricing = productOf(product_code)?.pricing;
  const state = stateOf(license_id, events, { pricing, registeredAt });
  const terms: Partial<AgreementTerms> = agreement?.terms ?? {};
  // AWS was asked after it told; what it told of the end of an ended one is the end.
  const ends_at = state.end_reason ? state.ends_at : (terms.ends_at ?? state.ends_at);
  return {
    ...state,
    ends_at,
    next: state.next && { ...state.next, at: ends_at },
    is_free_trial: state.is_free_trial || terms.is_free_trial || offer_type === 'free-trial',
    trial_ends_at: terms.trial_ends_at ?? null,
  };
}

type JournalOfLicense = Pick<Journal, 'events'> & Partial<Pick<Journal, 'agreement'>>;

/** A license as its journal tells, for a tenant that gets it now. */
export function newLicense(names: LicenseNames, journal: JournalOfLicense): LicenseItem {
  const created_at = new Date().toISOString();
  return {
    ...names,
    ...stateBy(names, journal, created_at),
    applied_events: journal.events.length,
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

/**
 * The write that leads from a license to its tenant, if nothing was heard of it since it was read. One
 * with entitlements is listed for AWS to be asked for them, in case that is not done at once.
 */
export const claimLicense = (
  { license_id, product_code, entitlements }: LicenseNames & Pick<LicenseItem, 'entitlements'>,
  read: LicenseLookupItem,
  tenantId: string,
): Write => ({
  update: {
    Key: marketplaceKeys.licenseLookup(license_id),
    ...changes({
      set: {
        tenant_id: tenantId,
        ...(isEntitling(product_code) &&
          dueSeries(nextAskAt({ entitlements }, Date.now()), license_id)),
      },
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
  journal: Journal,
): Promise<boolean> {
  const { events } = journal;
  const Key = marketplaceKeys.license(tenantId, licenseId);
  const item = await getItem(Key);
  if (!item) return false;
  const read = LicenseItem.parse(item);
  const state = stateBy(read, journal, read.created_at);
  const license = { ...read, ...state };
  const failed = await transact([
    {
      update: {
        Key,
        ...changes({
          set: { ...state, agreement_id: agreementId, applied_events: events.length },
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
      claimLicense(names, lookup, tenantId),
      licenseWrite(tenantId, license),
      ...followLicense(tenantId, license),
      settleAgreement(journal.agreement, tenantId),
    ]);
    return failed ? undefined : { isDone: true };
  });
}

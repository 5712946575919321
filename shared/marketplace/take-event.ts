import { logger } from '../runtime/logger.ts';
import { recordMetric } from '../runtime/metrics.ts';
import { retryConflicts } from '../table/retry.ts';
import { getItem, transact } from '../table/table.ts';
import { readLicenses, refreshTenant } from './access.ts';
import { type AgreementEvent, knownEvents } from './agreement-events.ts';
import { AgreementItem } from './items.ts';
import { type Journal, keepEvent, readJournal, settleAgreement } from './journal.ts';
import { marketplaceKeys } from './keys.ts';
import { customerEvents } from './license-state.ts';
import { applyJournal, findLicense, inheritLicense } from './licenses.ts';
import { eventsTaken, unknownEvents } from './metrics.ts';
import { productOf } from './sold-product.ts';

/**
 * Takes what AWS Marketplace tells of an agreement: in any order, any number of times, before or
 * after the buyer registers. The event is kept first, then everything kept is applied; what stops in
 * between is made up for when the message comes again.
 */
export async function takeEvent(event: AgreementEvent): Promise<void> {
  const isKnown = knownEvents.has(event.name) || customerEvents.has(event.name);
  const isForeign = event.product_code !== undefined && !productOf(event.product_code);
  const isNew = await keepEvent(event, { isForeign });
  const about = { agreement_id: event.agreement_id, event_id: event.event_id, name: event.name };
  logger.info('agreement_event', { ...about, is_new: isNew, is_foreign: isForeign });
  if (isNew) recordMetric(isKnown ? eventsTaken : unknownEvents, 1);
  if (!isForeign) await applyAgreement(event.agreement_id);
}

/**
 * Applies everything that is kept of an agreement to the tenants that have its licenses, and to what
 * takes its place. Does nothing while no tenant is known. Safe to repeat.
 */
export async function applyAgreement(agreementId: string): Promise<void> {
  const { tenants, journal } = await retryConflicts(() => applyOnce(agreementId));
  const tenantIds = new Set(tenants.values());
  for (const tenantId of tenantIds) await refreshTenant(tenantId);
  const [tenantId] = tenantIds;
  if (!journal.agreement || !tenantId) return;
  // Where that fails, another event has come, and settles it.
  if (!journal.agreement.tenant_id) await transact([settleAgreement(journal.agreement, tenantId)]);
  for (const nextId of journal.nextIds) await applyAgreement(nextId);
}

/** Undefined when a license went to another tenant in between. */
async function applyOnce(agreementId: string) {
  const journal = await readJournal(agreementId);
  const tenants = journal.agreement
    ? await tenantsOf(journal.agreement, journal)
    : new Map<string, string>();
  for (const [licenseId, tenantId] of tenants)
    if (!(await applyJournal(tenantId, licenseId, agreementId, journal))) return undefined;
  return { tenants, journal };
}

/** The tenant of each license of an agreement. A successor's license goes to the tenant before it. */
async function tenantsOf(
  { agreement_id, previous_agreement_id }: AgreementItem,
  { events }: Journal,
): Promise<Map<string, string>> {
  const licenseIds = new Set(events.flatMap(({ license_id }) => license_id ?? []));
  const tenants = new Map<string, string>();
  for (const licenseId of licenseIds) {
    const { tenant_id, account_id } = await findLicense(licenseId);
    let tenantId = tenant_id;
    if (!tenantId && previous_agreement_id) {
      const previous = await getItem(marketplaceKeys.agreement(previous_agreement_id));
      const heir = previous && AgreementItem.parse(previous).tenant_id;
      // What another account bought is for its buyer to register.
      if (heir && (await readLicenses(heir)).some((one) => one.account_id === account_id)) {
        await inheritLicense(heir, licenseId, agreement_id);
        tenantId = heir;
      }
    }
    if (tenantId) tenants.set(licenseId, tenantId);
  }
  return tenants;
}

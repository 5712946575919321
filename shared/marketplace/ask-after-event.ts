import { getItem } from '../table/table.ts';
import type { AgreementEvent } from './agreement-events.ts';
import { refreshEntitlementsOf } from './entitlements.ts';
import { AgreementItem } from './items.ts';
import { marketplaceKeys } from './keys.ts';
import { customerEvents } from './license-state.ts';
import { applyAgreement } from './take-event.ts';
import { refreshTerms } from './terms.ts';

/**
 * Asks AWS for what an event that was taken does not say: the terms of its agreement, once and when
 * they were amended, and what its licenses entitle to. Throws where AWS does not answer one of them, so
 * that the event comes again; the other is done nevertheless.
 */
export async function askAfterEvent(event: AgreementEvent): Promise<void> {
  const item = await getItem(marketplaceKeys.agreement(event.agreement_id));
  const agreement = item && AgreementItem.parse(item);
  if (!agreement || agreement.is_foreign) return;
  const outcomes = await Promise.allSettled([
    askForTerms(event, agreement),
    agreement.tenant_id && refreshEntitlementsOf(agreement.tenant_id, agreement.agreement_id),
  ]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function askForTerms(
  { name, license_id }: AgreementEvent,
  { agreement_id, terms }: AgreementItem,
): Promise<void> {
  // Purchases of older products have no agreement that AWS could be asked for.
  if (customerEvents.has(name)) return;
  const isAmended = name === 'Purchase Agreement Amended';
  if (!isAmended && (terms || !license_id)) return;
  await refreshTerms(agreement_id);
  await applyAgreement(agreement_id);
}

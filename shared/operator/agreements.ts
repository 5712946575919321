import { notFound } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { AgreementItem, LicenseItem, LicenseLookupItem } from '../marketplace/items.ts';
import { readJournal } from '../marketplace/journal.ts';
import { marketplaceKeys, parkedAgreements } from '../marketplace/keys.ts';
import { licenseIdOf } from '../marketplace/license-ids.ts';
import { applyAgreement } from '../marketplace/take-event.ts';
import { getItem } from '../table/table.ts';
import { type Page, seriesPage } from './pages.ts';

/** A page of the licenses of an AWS account, the newest first. */
export async function listLicenses(accountId: string, page: Page) {
  const { items, next_cursor } = await seriesPage(`BUYER#${accountId}`, page, {
    newestFirst: true,
  });
  const licenses = items.map((item) => ({
    tenant_id: String(item.pk).replace('TENANT#', ''),
    ...LicenseItem.parse(item),
  }));
  return { items: licenses, next_cursor };
}

/** A license by its id or ARN, with what was heard of it. Throws `not_found`. */
export async function showLicense(idOrArn: string) {
  const licenseId = licenseIdOf(idOrArn);
  const item = await getItem(marketplaceKeys.licenseLookup(licenseId));
  if (!item) throw new AppError(notFound, { detail: 'Nothing is known of this license.' });
  const lookup = LicenseLookupItem.parse(item);
  const { tenant_id, agreement_id } = lookup;
  const [license, journal] = await Promise.all([
    tenant_id && getItem(marketplaceKeys.license(tenant_id, licenseId)),
    agreement_id ? readJournal(agreement_id) : undefined,
  ]);
  return {
    license_id: licenseId,
    ...lookup,
    ...(license && LicenseItem.parse(license)),
    events: journal?.events ?? [],
  };
}

/** A page of the agreements whose events wait for a tenant, the oldest first. */
export async function listParked(page: Page) {
  const { items, next_cursor } = await seriesPage(parkedAgreements.pattern, page);
  return { items: items.map((item) => AgreementItem.parse(item)), next_cursor };
}

/** An agreement with its events. Throws `not_found`. */
export async function showAgreement(agreementId: string) {
  const { agreement, events, nextIds } = await readJournal(agreementId);
  if (!agreement) throw new AppError(notFound, { detail: 'Nothing is known of this agreement.' });
  return { agreement, events, next_agreements: nextIds };
}

/** Applies an agreement's events once more, and returns the agreement. Throws `not_found`. */
export async function replayAgreement(agreementId: string) {
  await showAgreement(agreementId);
  await applyAgreement(agreementId);
  return showAgreement(agreementId);
}

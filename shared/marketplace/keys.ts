import { type ItemKind, type Key, type KeyFamily, part, tenantPrefix } from '../table/family.ts';

export const licensePartition: KeyFamily = { name: 'licensePartition', pattern: 'LICENSE#*' };
export const agreementPartition: KeyFamily = { name: 'agreementPartition', pattern: 'AGREEMENT#*' };
/** Agreements whose events wait for a tenant, in the series index. */
export const parkedAgreements: KeyFamily = {
  name: 'parkedAgreements',
  pattern: 'PARKED#AGREEMENTS',
  isIndex: true,
};
/** The licenses of one AWS account, in the series index. */
export const buyerLicenses: KeyFamily = {
  name: 'buyerLicenses',
  pattern: 'BUYER#*',
  isIndex: true,
};

/** Licenses by when AWS is asked next for what they entitle to, in the series index. */
export const dueEntitlements: KeyFamily = {
  name: 'dueEntitlements',
  pattern: 'ENTITLEMENTS#DUE',
  isIndex: true,
};

/** Prefix of a tenant's licenses in its own partition. */
export const licensePrefix = 'LICENSE#';
/** Prefix of the events in the partition of an agreement. */
export const eventPrefix = 'EVENT#';
/** Prefix of the agreements that take the place of one, in its partition. */
export const nextPrefix = 'NEXT#';

const agreement = (agreementId: string) => `AGREEMENT#${part(agreementId)}`;

export const marketplaceKeys = {
  license: (tenantId: string, licenseId: string): Key => ({
    pk: tenantPrefix(tenantId),
    sk: `${licensePrefix}${part(licenseId)}`,
  }),
  licenseLookup: (licenseId: string): Key => ({ pk: `LICENSE#${part(licenseId)}`, sk: 'LICENSE' }),
  agreement: (agreementId: string): Key => ({ pk: agreement(agreementId), sk: 'AGREEMENT' }),
  agreementEvent: (agreementId: string, time: string, eventId: string): Key => ({
    pk: agreement(agreementId),
    sk: `${eventPrefix}${part(time)}#${part(eventId)}`,
  }),
  nextAgreement: (previousId: string, agreementId: string): Key => ({
    pk: agreement(previousId),
    sk: `${nextPrefix}${part(agreementId)}`,
  }),
};

/** Where an agreement stands in the series index while no tenant is known for it. */
export const parkedSeries = (firstEventAt: string, agreementId: string) => ({
  series_pk: parkedAgreements.pattern,
  series_sk: `${part(firstEventAt)}#${part(agreementId)}`,
});

/**
 * Where the way to a license stands in the series index while what it entitles to is to be kept up to
 * date. One partition: 100,000 licenses asked for once a day write to it 1.2 times in a second, and are
 * read a page at a time by the one function that has them asked for.
 */
export const dueSeries = (dueAt: string, licenseId: string) => ({
  series_pk: dueEntitlements.pattern,
  series_sk: `${part(dueAt)}#${part(licenseId)}`,
});

/** Where a license stands in the series index: with the others of its buyer. */
export const buyerSeries = (accountId: string, createdAt: string, licenseId: string) => ({
  series_pk: `BUYER#${part(accountId)}`,
  series_sk: `${part(createdAt)}#${part(licenseId)}`,
});

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  {
    what: 'license of a tenant',
    pk: 'TENANT#<tenant>',
    sk: 'LICENSE#<license>',
    series: 'BUYER#<account> / <created at>#<license>',
  },
  {
    what: 'license → agreement, tenant',
    pk: 'LICENSE#<license>',
    sk: 'LICENSE',
    series: 'ENTITLEMENTS#DUE / <due at>#<license>, when it has entitlements',
  },
  {
    what: 'agreement',
    pk: 'AGREEMENT#<agreement>',
    sk: 'AGREEMENT',
    series: 'PARKED#AGREEMENTS / <first event>#<agreement>, while no tenant is known',
  },
  { what: 'event of an agreement', pk: 'AGREEMENT#<agreement>', sk: 'EVENT#<time>#<event>' },
  { what: 'agreement → its successor', pk: 'AGREEMENT#<agreement>', sk: 'NEXT#<agreement>' },
];

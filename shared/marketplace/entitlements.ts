import { logger } from '../runtime/logger.ts';
import { changes } from '../table/changes.ts';
import { seriesIndex } from '../table/family.ts';
import { getItem, queryPages, tryUpdate } from '../table/table.ts';
import { readLicenses, refreshTenant } from './access.ts';
import { isEntitling, nextAskAt } from './entitlement-due.ts';
import { LicenseItem } from './items.ts';
import { dueEntitlements, dueSeries, marketplaceKeys } from './keys.ts';
import { readEntitlements } from './read-entitlements.ts';

/** For how long a registration waits for what the license entitles to. */
const registrationWaitMs = 3000;

/**
 * What a license that is being registered entitles to, for its plan to be right at once. Empty where
 * AWS does not say so in time: the license is listed, and asked for within the next minutes.
 */
export async function entitlementsAtOnce(
  license: Pick<LicenseItem, 'license_id' | 'product_code' | 'license_arn' | 'customer_identifier'>,
): Promise<Pick<LicenseItem, 'entitlements' | 'entitlements_at'>> {
  if (!isEntitling(license.product_code)) return {};
  const entitlements_at = new Date().toISOString();
  const abortSignal = AbortSignal.timeout(registrationWaitMs);
  try {
    return { entitlements: await readEntitlements(license, { abortSignal }), entitlements_at };
  } catch (error) {
    logger.warn('entitlements_unread', { license_id: license.license_id, error: String(error) });
    return {};
  }
}

/**
 * Asks AWS what a tenant's license entitles to, keeps it, and lets the tenant's plan follow. One that
 * has ended or is not the tenant's any more is not asked for again. Throws `marketplace_unavailable`
 * and `marketplace_misconfigured`; then nothing has changed.
 */
export async function refreshEntitlements(tenantId: string, licenseId: string): Promise<void> {
  const askedAt = new Date().toISOString();
  const Key = marketplaceKeys.license(tenantId, licenseId);
  const item = await getItem(Key);
  const license = item && LicenseItem.parse(item);
  if (!license || license.status === 'ENDED') return list(tenantId, licenseId, null);
  const entitlements = await readEntitlements(license);
  await tryUpdate({
    Key,
    ...changes({
      set: { entitlements, entitlements_at: askedAt },
      // The answer to a later question is the better one.
      if: [
        'attribute_exists(pk) AND (attribute_not_exists(entitlements_at) OR entitlements_at <= :at)',
        { at: askedAt },
      ],
    }),
  });
  await refreshTenant(tenantId);
  await list(tenantId, licenseId, nextAskAt({ entitlements }, Date.now()));
}

/** Says when AWS is asked next for a license, or with null that it is not. */
async function list(tenantId: string, licenseId: string, dueAt: string | null): Promise<void> {
  await tryUpdate({
    Key: marketplaceKeys.licenseLookup(licenseId),
    ...changes({
      ...(dueAt ? { set: dueSeries(dueAt, licenseId) } : { remove: ['series_pk', 'series_sk'] }),
      // It may have been linked to another tenant.
      if: ['tenant_id = :tenant', { tenant: tenantId }],
    }),
  });
}

/** Asks AWS for what a tenant's licenses of an agreement entitle to, and for those never asked for. */
export async function refreshEntitlementsOf(tenantId: string, agreementId: string): Promise<void> {
  for (const license of await readLicenses(tenantId)) {
    const isMeant = license.agreement_id === agreementId || !license.entitlements_at;
    if (isMeant && license.status !== 'ENDED' && isEntitling(license.product_code))
      await refreshEntitlements(tenantId, license.license_id);
  }
}

export interface DueOptions {
  /** Whether there is time for more. What is left is for the next run. */
  readonly hasTime?: () => boolean;
  readonly pageSize?: number;
}

/** Licenses that AWS is asked for side by side. */
const atOnce = 4;
/** A license that AWS did not answer for keeps no others waiting. */
const postponedMs = 3_600_000;

/**
 * Asks AWS for every license that is due: each once a day, and when something of it expires. Holds a
 * page of them at a time. Throws where AWS answers for none of them.
 */
export async function refreshDueEntitlements({
  hasTime = () => true,
  pageSize = 100,
}: DueOptions = {}): Promise<{ refreshed: number; failed: number; isComplete: boolean }> {
  const counts = { refreshed: 0, failed: 0 };
  const pages = queryPages({
    IndexName: seriesIndex,
    KeyConditionExpression: 'series_pk = :due AND series_sk < :now',
    ExpressionAttributeValues: {
      ':due': dueEntitlements.pattern,
      ':now': new Date().toISOString(),
    },
    Limit: pageSize,
  });
  let isComplete = true;
  for await (const { items } of pages) {
    for (let index = 0; index < items.length && isComplete; index += atOnce) {
      const some = items.slice(index, index + atOnce).map(refreshDue);
      for (const isRefreshed of await Promise.all(some))
        counts[isRefreshed ? 'refreshed' : 'failed'] += 1;
      isComplete = hasTime();
    }
    if (!isComplete) break;
  }
  if (counts.failed > 0 && counts.refreshed === 0)
    throw new Error(`AWS Marketplace answered for none of ${counts.failed} licenses`);
  return { ...counts, isComplete };
}

async function refreshDue({ pk, tenant_id }: Record<string, unknown>): Promise<boolean> {
  const [tenantId, licenseId] = [String(tenant_id), String(pk).replace('LICENSE#', '')];
  try {
    await refreshEntitlements(tenantId, licenseId);
    return true;
  } catch (error) {
    logger.warn('entitlements_unread', { license_id: licenseId, error: String(error) });
    await list(tenantId, licenseId, new Date(Date.now() + postponedMs).toISOString());
    return false;
  }
}

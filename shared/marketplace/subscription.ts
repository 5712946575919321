import { usageOfMonth } from '../metering/usage.ts';
import { getTenant } from '../tenants/tenants.ts';
import { entitledTo, readLicenses } from './access.ts';
import type { NextStep } from './contract.ts';
import type { LicenseItem } from './items.ts';
import { showLicense } from './show-license.ts';

/**
 * What a tenant has bought, may use and has used, and what happens next: two round trips. What has
 * expired is not there any more. Throws `not_found`.
 */
export async function showSubscription(tenantId: string) {
  const nowMs = Date.now();
  const [{ status, plan }, licenses] = await Promise.all([
    getTenant(tenantId),
    readLicenses(tenantId),
  ]);
  const open = licenses.filter((license) => license.status !== 'ENDED');
  return {
    status,
    plan,
    licenses: licenses.map((license) => showLicense(license, nowMs)),
    entitlements: open.flatMap((license) =>
      entitledTo(license, nowMs).map((entitlement) => ({
        license_arn: license.license_arn ?? null,
        ...entitlement,
      })),
    ),
    usage: await usageOfMonth(tenantId, licenses, nowMs),
    next: nextOf(open, nowMs),
  };
}

/** What happens next, and when; null for at any moment, or not known. */
type Next = { what: NextStep; at: string | null };

/** Of several licenses, what comes first; what may come at any moment before all that has a time. */
function nextOf(open: readonly LicenseItem[], nowMs: number): Next | null {
  const all = open.flatMap((license) => nextOfLicense(license, nowMs));
  return all.toSorted((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : 1))[0] ?? null;
}

function nextOfLicense(license: LicenseItem, nowMs: number): Next[] {
  const { status, next, renews, ends_at, trial_ends_at } = license;
  if (status === 'PENDING') return [{ what: 'activates', at: null }];
  const isTrial = trial_ends_at !== null && Date.parse(trial_ends_at) > nowMs;
  return [
    ...(isTrial ? [{ what: 'trial_ends', at: trial_ends_at } as const] : []),
    ...(isNextStep(next)
      ? [next]
      : ends_at
        ? [{ what: renews ? 'renews' : 'ends', at: ends_at } as const]
        : []),
  ];
}

/** What events announce, as `license-state.ts` has it. */
const announced: readonly string[] = [
  'renews',
  'ends',
  'cancellation_requested',
] satisfies NextStep[];
const isNextStep = (next: LicenseItem['next']): next is Next =>
  next !== null && announced.includes(next.what);

import { mailWrites } from '../mail/outbox.ts';
import { getItem, transact, type Write } from '../table/table.ts';
import { LicenseItem } from './items.ts';
import { marketplaceKeys } from './keys.ts';
import { trialEnding } from './mails.ts';

const dayMs = 86_400_000;
/** How long before the end of a trial its owners hear of it. */
const aheadMs = 3 * dayMs;

type Trial = Pick<
  LicenseItem,
  'license_id' | 'status' | 'is_free_trial' | 'trial_ends_at' | 'ends_at'
>;

/** When a trial ends: by the terms of its agreement where they are known, else with the agreement. */
const endOf = ({ trial_ends_at, ends_at }: Trial): string | null => trial_ends_at ?? ends_at;

/**
 * The mail about the end of a trial, to be sent three days before, or now where less than that is
 * left. None for a license that is no trial, has no known end, or ends within a day.
 */
export function trialMailWrites(tenantId: string, license: Trial): Write[] {
  const { license_id, status, is_free_trial } = license;
  const ends_at = endOf(license);
  if (!is_free_trial || status === 'ENDED' || ends_at === null) return [];
  const endMs = Date.parse(ends_at);
  if (endMs < Date.now() + dayMs) return [];
  return mailWrites(tenantId, trialEnding, {
    to: { role: 'owner' },
    params: { ends_at, license_id },
    once: `${trialEnding.id}.${license_id}.${ends_at.slice(0, 10)}`,
    sendAtMs: Math.max(Date.now(), endMs - aheadMs),
  });
}

/** Sees to it that there is a mail about the end of each trial. Safe to repeat. */
export async function planTrialMails(tenantId: string, licenses: readonly Trial[]): Promise<void> {
  for (const license of licenses) {
    const writes = trialMailWrites(tenantId, license);
    // Where the condition fails, it was planned before.
    if (writes.length > 0) await transact(writes);
  }
}

/** Whether a trial has gone on, ended, or moved its end, so that what the mail says is wrong. */
export async function isTrialMailVoid(
  tenantId: string,
  { license_id, ends_at }: Readonly<Record<string, string | number>>,
): Promise<boolean> {
  const item = await getItem(marketplaceKeys.license(tenantId, String(license_id)));
  if (!item) return true;
  const license = LicenseItem.parse(item);
  const end = endOf(license);
  return (
    license.status !== 'ACTIVE' ||
    !license.is_free_trial ||
    end === null ||
    end !== ends_at ||
    Date.parse(end) < Date.now()
  );
}

import type { LicenseItem } from './items.ts';

/** A license as members see it. A trial that is over is none any more. */
export const showLicense = (license: LicenseItem, nowMs = Date.now()) => ({
  license_arn: license.license_arn ?? null,
  agreement_id: license.agreement_id ?? null,
  product_code: license.product_code,
  status: license.status,
  is_free_trial:
    license.is_free_trial &&
    (license.trial_ends_at === null || Date.parse(license.trial_ends_at) > nowMs),
  started_at: license.started_at,
  ends_at: license.ends_at,
});

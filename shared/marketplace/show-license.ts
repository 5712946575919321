import type { LicenseItem } from './items.ts';

/** A license as members see it. */
export const showLicense = (license: LicenseItem) => ({
  license_arn: license.license_arn ?? null,
  agreement_id: license.agreement_id ?? null,
  product_code: license.product_code,
  status: license.status,
  is_free_trial: license.is_free_trial,
  started_at: license.started_at,
  ends_at: license.ends_at,
});

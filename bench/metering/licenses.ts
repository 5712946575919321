import { randomUUID } from 'node:crypto';
import type { LicenseItem } from '../../shared/marketplace/items.ts';

/** Gives a tenant an active license of the first product, which is sold by use, from the beginning of the last hour on. */
export async function newLicensed(tenantId: string): Promise<LicenseItem> {
  const [{ transact }, { licenseWrite }, { followLicense }] = await Promise.all([
    import('../../shared/table/table.ts'),
    import('../../shared/marketplace/licenses.ts'),
    import('../../shared/metering/metered-licenses.ts'),
  ]);
  const hex = randomUUID().replaceAll('-', '');
  const hourMs = 3_600_000;
  const started = new Date(Math.floor(Date.now() / hourMs) * hourMs - hourMs).toISOString();
  const license: LicenseItem = {
    license_id: `l-${hex}`,
    license_arn: `arn:aws:license-manager::294406891311:license:l-${hex}`,
    account_id: '111122223333',
    product_code: 'tenantry-demo',
    status: 'ACTIVE',
    is_free_trial: false,
    trial_ends_at: null,
    started_at: started,
    ends_at: null,
    end_reason: null,
    deprovisioned_at: null,
    renews: null,
    next: null,
    applied_events: 1,
    created_at: started,
  };
  await transact([licenseWrite(tenantId, license), ...followLicense(tenantId, license)]);
  return license;
}

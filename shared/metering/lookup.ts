import type { Meter } from '../contract/meters.ts';
import { readLicenses } from '../marketplace/access.ts';
import type { LicenseItem } from '../marketplace/items.ts';
import { type Dimension, meteredDimensions, productOf } from '../marketplace/sold-product.ts';
import { TtlCache } from '../runtime/ttl-cache.ts';
import { hourMs } from './hours.ts';
import { isMeteredLicense, overAt } from './metered-licenses.ts';

/** The licenses of tenants whose usage is metered, the oldest first: no more than 30 seconds old. */
const known = new TtlCache<readonly LicenseItem[]>();

/** The licenses of a tenant whose usage is metered now, or was; `isFresh` asks the table in any case. */
export async function meteredLicensesOf(
  tenantId: string,
  { isFresh = false } = {},
): Promise<readonly LicenseItem[]> {
  const remembered = isFresh ? undefined : known.get(tenantId);
  if (remembered) return remembered;
  const licenses = (await readLicenses(tenantId)).filter(isMeteredLicense);
  known.set(tenantId, licenses);
  return licenses;
}

/** Whether usage of a license is counted: while it is active, and as long as AWS takes its last usage. */
export function takesUsage(license: LicenseItem, nowMs: number): boolean {
  if (license.status === 'PENDING') return false;
  const over = overAt(license);
  if (!over) return license.status === 'ACTIVE';
  return nowMs < Date.parse(license.deprovisioned_at ?? over) + hourMs;
}

/** The metered dimensions of a license's product. */
export function dimensionsOf({ product_code }: Pick<LicenseItem, 'product_code'>) {
  const product = productOf(product_code);
  return product ? meteredDimensions(product) : [];
}

/** The dimensions of a license that what a feature counts goes towards. */
export const dimensionsFor = (license: LicenseItem, meter: Meter): readonly Dimension[] =>
  dimensionsOf(license).filter(({ meters = [] }) => meters.some(({ name }) => name === meter.name));

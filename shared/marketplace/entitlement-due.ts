import type { LicenseItem } from './items.ts';
import { hasEntitlements, productOf } from './sold-product.ts';

const dayMs = 86_400_000;
/** An entitlement that has expired is asked for once AWS had the time to extend it. */
const graceMs = 60_000;

/** Whether AWS knows what a license of this product entitles to. */
export function isEntitling(productCode: string): boolean {
  const product = productOf(productCode);
  return product !== undefined && hasEntitlements(product);
}

/**
 * When AWS is asked next: at once for a license of which nothing is known, else in a day, or when
 * something expires before that.
 */
export function nextAskAt(license: Pick<LicenseItem, 'entitlements'>, nowMs: number): string {
  if (!license.entitlements) return new Date(nowMs).toISOString();
  const expiries = license.entitlements
    .flatMap(({ expires_at }) => (expires_at === null ? [] : Date.parse(expires_at) + graceMs))
    .filter((ms) => ms > nowMs);
  return new Date(Math.min(nowMs + dayMs, ...expiries)).toISOString();
}

import type { LicenseItem } from '../marketplace/items.ts';
import { send } from '../runtime/queues.ts';
import { isMeteredLicense, overAt } from './metered-licenses.ts';
import { finalUsage } from './queue.ts';

/**
 * Lets the last usage of a license be reported, when it is over: AWS Marketplace takes it for about
 * an hour. Call it after the change is stored; safe to repeat.
 */
export async function flushIfOver(tenantId: string, license: LicenseItem): Promise<void> {
  if (!isMeteredLicense(license) || overAt(license) === undefined) return;
  await send(finalUsage, { tenant_id: tenantId, license_id: license.license_id });
}

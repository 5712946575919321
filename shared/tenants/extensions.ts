import { sellsOn } from '../products/tenant-extension.ts';
import type { TenantExtension } from './extension.ts';

/** What features add to tenants. */
export const tenantExtensions: readonly TenantExtension[] = [sellsOn];

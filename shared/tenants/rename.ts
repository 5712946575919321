import { auditEntry } from '../audit/entry.ts';
import { versionConflict } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { prepareEvent } from '../events/publish.ts';
import { changes } from '../table/changes.ts';
import { retryConflicts } from '../table/retry.ts';
import { getItem, transact } from '../table/table.ts';
import { tenantRenamed } from './audit.ts';
import { tenantUpdated } from './events.ts';
import { TenantItem } from './items.ts';
import { tenantKeys } from './keys.ts';

/**
 * Renames the tenant and returns the new state. With a version, only if that is still the
 * current one. Throws `version_conflict`.
 */
export async function renameTenant(
  tenantId: string,
  name: string,
  version?: number,
): Promise<TenantItem> {
  const Key = tenantKeys.tenant(tenantId);
  return retryConflicts(async () => {
    const current = TenantItem.parse(await getItem(Key));
    if (version !== undefined && version !== current.version) throw new AppError(versionConflict);
    const renamed = {
      ...current,
      name,
      updated_at: new Date().toISOString(),
      version: current.version + 1,
    };
    const { version: next } = renamed;
    const [event, audit] = await Promise.all([
      prepareEvent(tenantId, tenantUpdated, { id: tenantId, name, version: next }),
      auditEntry(tenantId, tenantRenamed, { subject: tenantId, data: { version: next } }),
    ]);
    const failed = await transact([
      {
        update: {
          Key,
          ...changes({
            set: { name, updated_at: renamed.updated_at, version: renamed.version },
            if: ['version = :read', { read: current.version }],
          }),
        },
      },
      ...event.writes,
      ...audit,
    ]);
    if (failed) return undefined;
    await event.send();
    return renamed;
  });
}

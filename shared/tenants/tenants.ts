import { notFound } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { newId } from '../runtime/ids.ts';
import { create, getItem, getItems, type Write } from '../table/table.ts';
import { tenantExtensions } from './extensions.ts';
import { tenantIds } from './ids.ts';
import { TenantItem } from './items.ts';
import { tenantKeys } from './keys.ts';

/** A new tenant, and the write that creates it. */
export function newTenant(start: Pick<TenantItem, 'status' | 'plan'> & { name?: string }): {
  tenant: TenantItem;
  write: Write;
} {
  const now = new Date().toISOString();
  const tenant: TenantItem = {
    id: newId(tenantIds),
    name: start.name ?? null,
    status: start.status,
    plan: start.plan,
    created_at: now,
    updated_at: now,
    version: 1,
  };
  return { tenant, write: create({ ...tenantKeys.tenant(tenant.id), ...tenant }) };
}

/** The tenant. Throws `not_found`. */
export async function getTenant(tenantId: string): Promise<TenantItem> {
  const item = await getItem(tenantKeys.tenant(tenantId));
  if (!item) throw unknownTenant();
  return TenantItem.parse(item);
}

/** The tenant as the API shows it, with what features add. Throws `not_found`. */
export async function showTenant(tenantId: string): Promise<TenantItem & Record<string, unknown>> {
  const [item, ...added] = await getItems([
    tenantKeys.tenant(tenantId),
    ...tenantExtensions.map(({ keyOf }) => keyOf(tenantId)),
  ]);
  if (!item) throw unknownTenant();
  return Object.assign(
    TenantItem.parse(item),
    ...tenantExtensions.map(({ membersOf }, index) => membersOf(added[index])),
  );
}

const unknownTenant = () => new AppError(notFound, { detail: 'There is no such tenant.' });

import { notFound } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { newId } from '../runtime/ids.ts';
import { create, getItem, getItems, type Write } from '../table/table.ts';
import { tenantExtensions } from './extensions.ts';
import { tenantIds } from './ids.ts';
import { TenantItem } from './items.ts';
import { tenantKeys, tenantSeriesKey } from './keys.ts';

/** A new tenant, and the write that creates it. */
export function newTenant(
  start: Pick<TenantItem, 'status' | 'plan'> &
    Partial<
      Pick<TenantItem, 'name' | 'subscription' | 'is_self_serve' | 'plan_until' | 'plan_after'>
    >,
): {
  tenant: TenantItem;
  write: Write;
} {
  const now = new Date().toISOString();
  const tenant: TenantItem = {
    id: newId(tenantIds),
    name: start.name ?? null,
    status: start.status,
    plan: start.plan,
    ...(start.plan_until && { plan_until: start.plan_until, plan_after: start.plan_after ?? null }),
    subscription: start.subscription ?? 'ACTIVE',
    is_self_serve: start.is_self_serve ?? false,
    is_held: false,
    created_at: now,
    updated_at: now,
    version: 1,
  };
  return {
    tenant,
    write: create({
      ...tenantKeys.tenant(tenant.id),
      ...tenantSeriesKey(now, tenant.id),
      ...tenant,
    }),
  };
}

/** The tenant. Throws `not_found`. */
export async function getTenant(tenantId: string): Promise<TenantItem> {
  const item = await getItem(tenantKeys.tenant(tenantId));
  if (!item) throw unknownTenant();
  return TenantItem.parse(item);
}

/** What the API shows of a tenant of its own. */
type ShownTenant = Omit<
  TenantItem,
  'subscription' | 'is_self_serve' | 'is_held' | 'plan_override' | 'plan_until' | 'plan_after'
>;

/** A tenant as the API shows it, without what features add. */
export const shownTenant = ({
  id,
  name,
  status,
  plan,
  created_at,
  updated_at,
  version,
}: TenantItem): ShownTenant => ({ id, name, status, plan, created_at, updated_at, version });

/** The tenant as the API shows it, with what features add. Throws `not_found`. */
export async function showTenant(tenantId: string): Promise<ShownTenant & Record<string, unknown>> {
  const [item, ...added] = await getItems([
    tenantKeys.tenant(tenantId),
    ...tenantExtensions.map(({ keyOf }) => keyOf(tenantId)),
  ]);
  if (!item) throw unknownTenant();
  return Object.assign(
    shownTenant(TenantItem.parse(item)),
    ...tenantExtensions.map(({ membersOf }, index) => membersOf(added[index])),
  );
}

const unknownTenant = () => new AppError(notFound, { detail: 'There is no such tenant.' });

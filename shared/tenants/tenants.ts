import type * as z from 'zod';
import type { ChannelName } from '../channels/names.ts';
import { notFound } from '../contract/core-errors.ts';
import { AppError } from '../contract/errors.ts';
import { newId } from '../runtime/ids.ts';
import { create, getItem, type Write } from '../table/table.ts';
import { tenantIds } from './ids.ts';
import { TenantItem } from './items.ts';
import { tenantKeys } from './keys.ts';

/** A new tenant, and the write that creates it. */
export function newTenant(
  start: Pick<TenantItem, 'status' | 'plan'> & {
    name?: string;
    marketplaceType?: z.infer<typeof ChannelName>;
  },
): { tenant: TenantItem; write: Write } {
  const now = new Date().toISOString();
  const tenant: TenantItem = {
    id: newId(tenantIds),
    name: start.name ?? null,
    status: start.status,
    plan: start.plan,
    marketplace_type: start.marketplaceType ?? 'wildberries',
    created_at: now,
    updated_at: now,
    version: 1,
  };
  return { tenant, write: create({ ...tenantKeys.tenant(tenant.id), ...tenant }) };
}

/** The tenant. Throws `not_found`. */
export async function getTenant(tenantId: string): Promise<TenantItem> {
  const item = await getItem(tenantKeys.tenant(tenantId));
  if (!item) throw new AppError(notFound, { detail: 'There is no such tenant.' });
  return TenantItem.parse(item);
}

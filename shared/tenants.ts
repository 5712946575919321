import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import type * as z from 'zod';
import type { MarketplaceType } from './contract/schemas.ts';
import { AppError } from './errors.ts';
import { newId } from './ids.ts';
import { TenantItem } from './table/items.ts';
import { keys } from './table/keys.ts';
import { create, getItem, updateItem, type Write } from './table/table.ts';

/** A new tenant, and the write that creates it. */
export function newTenant(
  start: Pick<TenantItem, 'status' | 'plan'> & {
    name?: string;
    marketplaceType?: z.infer<typeof MarketplaceType>;
  },
): { tenant: TenantItem; write: Write } {
  const now = new Date().toISOString();
  const tenant: TenantItem = {
    id: newId('tnt'),
    name: start.name ?? null,
    status: start.status,
    plan: start.plan,
    marketplace_type: start.marketplaceType ?? 'wildberries',
    created_at: now,
    updated_at: now,
    version: 1,
  };
  return { tenant, write: create({ ...keys.tenant(tenant.id), ...tenant }) };
}

/** The tenant. Throws `not_found`. */
export async function getTenant(tenantId: string): Promise<TenantItem> {
  const item = await getItem(keys.tenant(tenantId));
  if (!item) throw new AppError('not_found', { detail: 'There is no such tenant.' });
  return TenantItem.parse(item);
}

/**
 * Renames the tenant and returns it as it is then. With a version, only if that is still the
 * current one. Throws `version_conflict`.
 */
export async function renameTenant(
  tenantId: string,
  name: string,
  version?: number,
): Promise<TenantItem> {
  try {
    const item = await updateItem({
      Key: keys.tenant(tenantId),
      UpdateExpression: 'SET #name = :name, updated_at = :now, version = version + :one',
      ConditionExpression: version === undefined ? 'attribute_exists(pk)' : 'version = :version',
      ExpressionAttributeNames: { '#name': 'name' },
      ExpressionAttributeValues: {
        ':name': name,
        ':now': new Date().toISOString(),
        ':one': 1,
        ...(version !== undefined && { ':version': version }),
      },
      ReturnValues: 'ALL_NEW',
    });
    return TenantItem.parse(item);
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) throw new AppError('version_conflict');
    throw error;
  }
}

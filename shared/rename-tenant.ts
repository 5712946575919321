import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { AppError } from './errors.ts';
import { publish } from './events.ts';
import { TenantItem } from './table/items.ts';
import { keys } from './table/keys.ts';
import { updateItem } from './table/table.ts';

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
    const tenant = TenantItem.parse(item);
    const data = { id: tenantId, name, version: tenant.version };
    await publish(tenantId, { type: 'tenant.updated', data });
    return tenant;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) throw new AppError('version_conflict');
    throw error;
  }
}

import { logSecurityEvent } from '../runtime/logger.ts';
import { changes } from '../table/changes.ts';
import { updateItem } from '../table/table.ts';
import { identityKeys } from './keys.ts';

/** Ends every session of a member that began until now, in one write. */
export async function endAllSessions(tenantId: string, userId: string): Promise<void> {
  await updateItem({
    Key: identityKeys.member(tenantId, userId),
    ...changes({ set: { signed_out_at_ms: Date.now() }, if: 'attribute_exists(pk)' }),
  });
  logSecurityEvent('signed_out', { tenant_id: tenantId, user_id: userId });
}

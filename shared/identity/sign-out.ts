import { auditEntry } from '../audit/entry.ts';
import { changes } from '../table/changes.ts';
import { transact } from '../table/table.ts';
import { signedOut } from './audit.ts';
import { identityKeys } from './keys.ts';

/** Ends every session of a member that began until now, in one write. */
export async function endAllSessions(tenantId: string, userId: string): Promise<void> {
  const failed = await transact([
    {
      update: {
        Key: identityKeys.member(tenantId, userId),
        ...changes({ set: { signed_out_at_ms: Date.now() }, if: 'attribute_exists(pk)' }),
      },
    },
    ...(await auditEntry(tenantId, signedOut, { subject: userId })),
  ]);
  if (failed) throw new Error('A member who calls is no member');
}

import { mailWrites } from '../mail/outbox.ts';
import { queueMail } from '../mail/queue-mail.ts';
import type { Write } from '../table/table.ts';
import type { TenantItem } from '../tenants/items.ts';
import { subscriptionActivated, subscriptionEnded, tenantHeld } from './mails.ts';

/**
 * The mail about a change of what a tenant may do: writes for the transaction of the change, and
 * `send` for after it. None before the profile is completed, when there is nobody to write to.
 */
export function standingMail(
  before: TenantItem,
  after: TenantItem,
): { writes: Write[]; send: () => Promise<void> } {
  const kind = kindOf(before, after);
  if (!kind) return { writes: [], send: async () => {} };
  // The version makes it one mail for each change.
  const once = `${kind.id}.${after.version}`;
  return {
    writes: mailWrites(after.id, kind, { to: { role: 'owner' }, params: {}, once }),
    send: () => queueMail(after.id, once),
  };
}

function kindOf(before: TenantItem, after: TenantItem) {
  if (before.status === 'PENDING_PROFILE') return undefined;
  const [could, can] = [before, after].map(
    ({ status, subscription }) => status === 'ACTIVE' && subscription === 'ACTIVE',
  );
  if (!could && can) return subscriptionActivated;
  if (before.status === 'SUSPENDED' || after.status !== 'SUSPENDED') return undefined;
  return after.subscription === 'ENDED' ? subscriptionEnded : tenantHeld;
}

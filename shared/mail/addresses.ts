import { createHmac, hkdfSync } from 'node:crypto';
import { CachedSecret } from '../runtime/secrets.ts';
import { changes } from '../table/changes.ts';
import { getItem, tryUpdate } from '../table/table.ts';
import { MailAddressItem } from './items.ts';
import { mailKeys } from './keys.ts';

/** A replaced sealing key may take this long to change the hashes. */
const keyMaxAgeMs = 60 * 60_000;

/** A key derived from the sealing key, for nothing else. */
const addressKey = new CachedSecret(
  'SEALING_KEY_SECRET',
  (secret) => Buffer.from(hkdfSync('sha256', secret, '', 'tenantry mail addresses', 32)),
  keyMaxAgeMs,
);

/** The name under which is kept what came back from an address: without the key nothing leads back. */
async function hashOf(address: string): Promise<string> {
  return createHmac('sha256', await addressKey.get())
    .update(address.trim().toLowerCase())
    .digest('base64url');
}

/**
 * Whether mail to an address is of no use, or unwanted: it came back for good, or its owner called our
 * mail spam. Who complained still gets mail about the safety of their account.
 */
export async function isSuppressed(
  address: string,
  about: 'service' | 'security',
): Promise<boolean> {
  const item = await getItem(mailKeys.address(await hashOf(address)));
  const { bounced_at, complained_at } = MailAddressItem.parse(item ?? {});
  return bounced_at !== undefined || (complained_at !== undefined && about !== 'security');
}

/** Keeps what came back from an address. False when the same was told before. */
export async function rememberFeedback(
  address: string,
  what: 'bounced_at' | 'complained_at',
  feedbackId: string,
): Promise<boolean> {
  const changed = await tryUpdate({
    Key: mailKeys.address(await hashOf(address)),
    ...changes({
      set: { feedback_id: feedbackId },
      setOnce: { [what]: new Date().toISOString() },
      if: ['attribute_not_exists(feedback_id) OR feedback_id <> :told', { told: feedbackId }],
    }),
  });
  return changed !== undefined;
}

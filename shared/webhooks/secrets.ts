import { hkdfSync, randomBytes } from 'node:crypto';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { CachedSecret } from '../runtime/secrets.ts';

const keyMaxAgeMs = 10 * 60_000;

/** A key derived from the sealing key: what it seals never opens as a cursor. */
const sealingKey = new CachedSecret(
  'SEALING_KEY_SECRET',
  (secret) => new Uint8Array(hkdfSync('sha256', secret, '', 'tenantry webhook secrets', 32)),
  keyMaxAgeMs,
);

const audience = 'webhook-secret';

/** A sealed secret does not open: it was moved, or the sealing key was replaced. */
export class UnreadableSecretError extends Error {
  override readonly name = 'UnreadableSecretError';
}

/** A new secret as Standard Webhooks wants it: 32 random bytes. */
export const newWebhookSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

/** Seals a secret so that it opens for this tenant and this webhook only. */
export async function sealWebhookSecret(
  tenantId: string,
  webhookId: string,
  secret: string,
): Promise<string> {
  return new EncryptJWT({ secret, webhook_id: webhookId })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setSubject(tenantId)
    .setAudience(audience)
    .encrypt(await sealingKey.get());
}

/** Opens a sealed secret. Throws UnreadableSecretError for one that is not this webhook's. */
export async function openWebhookSecret(
  tenantId: string,
  webhookId: string,
  sealed: string,
): Promise<string> {
  const key = await sealingKey.get();
  const opened = await jwtDecrypt(sealed, key, {
    subject: tenantId,
    audience,
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  }).catch((cause: unknown) => {
    throw new UnreadableSecretError('The secret of the webhook does not open', { cause });
  });
  const { secret, webhook_id } = opened.payload;
  if (typeof secret !== 'string' || webhook_id !== webhookId)
    throw new UnreadableSecretError('The secret is that of another webhook');
  return secret;
}

import {
  DecryptCommand,
  DescribeKeyCommand,
  GenerateDataKeyCommand,
  KMSClient,
} from '@aws-sdk/client-kms';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { requireEnv } from './config.ts';
import { once } from './once.ts';

/** What an envelope belongs to. It opens for nothing else. */
export interface EnvelopeOwner {
  readonly tenantId: string;
  /** Name of the item within the tenant. */
  readonly credential: string;
}

/** A sealed text with its data key, which only KMS can open. */
export interface Envelope {
  sealed: string;
  data_key: string;
  key_id: string;
  key_material_id: string;
}

/** Two tries of three seconds stay inside the ten that most functions have. */
const kms = once(
  () =>
    new KMSClient({
      maxAttempts: 2,
      requestHandler: {
        connectionTimeout: 1000,
        requestTimeout: 3000,
        throwOnRequestTimeout: true,
      },
    }),
);

const contextOf = ({ tenantId, credential }: EnvelopeOwner) => ({
  tenant_id: tenantId,
  credential,
});

/** Seals a text under a new data key. */
export async function seal(owner: EnvelopeOwner, text: string): Promise<Envelope> {
  const { Plaintext, CiphertextBlob, KeyId, KeyMaterialId } = await kms().send(
    new GenerateDataKeyCommand({
      KeyId: requireEnv('CREDENTIALS_KEY_ID'),
      KeySpec: 'AES_256',
      EncryptionContext: contextOf(owner),
    }),
  );
  if (!Plaintext || !CiphertextBlob || !KeyId) throw new Error('KMS answered without a data key');
  try {
    const sealed = await new CompactEncrypt(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', ...contextOf(owner) })
      .encrypt(Plaintext);
    return {
      sealed,
      data_key: Buffer.from(CiphertextBlob).toString('base64'),
      key_id: KeyId,
      key_material_id: KeyMaterialId ?? KeyId,
    };
  } finally {
    Plaintext.fill(0);
  }
}

/**
 * Opens an envelope of its owner. KMS refuses the data key of another owner, and the header that
 * the content is bound to must name this one too. Throws when either does not hold.
 */
export async function open(owner: EnvelopeOwner, envelope: Envelope): Promise<string> {
  const { Plaintext } = await kms().send(
    new DecryptCommand({
      KeyId: envelope.key_id,
      CiphertextBlob: Buffer.from(envelope.data_key, 'base64'),
      EncryptionContext: contextOf(owner),
    }),
  );
  if (!Plaintext) throw new Error('KMS answered without a data key');
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(envelope.sealed, Plaintext, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    const isOwn =
      protectedHeader.tenant_id === owner.tenantId &&
      protectedHeader.credential === owner.credential;
    if (!isOwn) throw new Error('The envelope belongs to another owner');
    return new TextDecoder().decode(plaintext);
  } finally {
    Plaintext.fill(0);
  }
}

/** Tells whether an envelope was sealed by the key, and its material, that seals today. */
export async function currentKey(): Promise<(envelope: Envelope) => boolean> {
  const { KeyMetadata } = await kms().send(
    new DescribeKeyCommand({ KeyId: requireEnv('CREDENTIALS_KEY_ID') }),
  );
  const { Arn, CurrentKeyMaterialId } = KeyMetadata ?? {};
  if (!Arn) throw new Error('KMS answered without a key');
  return (envelope) =>
    envelope.key_id === Arn && envelope.key_material_id === (CurrentKeyMaterialId ?? Arn);
}

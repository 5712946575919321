import {
  DecryptCommand,
  DescribeKeyCommand,
  GenerateDataKeyCommand,
  KMSClient,
  RotateKeyOnDemandCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloud } from '../../../local/cloud.ts';
import { writeMiniAssembly } from '../mini-assembly.ts';
import { useMiniCloud } from '../mini-cloud.ts';

const mini = useMiniCloud();
let kms: KMSClient;
let keyArn = '';

const clientOf = (endpoint: string) =>
  new KMSClient({
    endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
const context = { tenant_id: 'tnt_a', credential: 'one' };
const generate = (EncryptionContext = context, client = kms) =>
  client.send(new GenerateDataKeyCommand({ KeyId: keyArn, KeySpec: 'AES_256', EncryptionContext }));
const decrypt = (
  CiphertextBlob: Uint8Array | undefined,
  EncryptionContext: object = context,
  client = kms,
) =>
  client.send(
    new DecryptCommand({
      CiphertextBlob,
      EncryptionContext: EncryptionContext as Record<string, string>,
    }),
  );

beforeAll(() => {
  kms = clientOf(mini.cloud.endpoints.kms);
  keyArn = mini.cloud.keyArn('Key');
});
afterAll(() => kms.destroy());

describe('the local KMS', () => {
  it('makes data keys and opens them for the same context, in whatever order', async () => {
    const made = await generate();

    const opened = await decrypt(made.CiphertextBlob, { credential: 'one', tenant_id: 'tnt_a' });

    expect(made.Plaintext).toHaveLength(32);
    expect(opened.Plaintext).toEqual(made.Plaintext);
    expect(opened).toMatchObject({ KeyId: keyArn, KeyMaterialId: made.KeyMaterialId });
    expect((await generate()).Plaintext).not.toEqual(made.Plaintext);
  });

  it.each([
    { tenant_id: 'tnt_b', credential: 'one' },
    { tenant_id: 'tnt_a', credential: 'another' },
    { tenant_id: 'tnt_a' },
    { ...context, more: 'x' },
    {},
  ])('refuses the context %j (check 69)', async (other) => {
    const { CiphertextBlob } = await generate();

    await expect(decrypt(CiphertextBlob, other)).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  it('refuses what was changed, what is no ciphertext and what is no key', async () => {
    const { CiphertextBlob = new Uint8Array() } = await generate();
    const changed = Uint8Array.from(CiphertextBlob);
    changed[changed.length - 8] = (changed.at(-8) ?? 0) ^ 1;

    for (const blob of [changed, new TextEncoder().encode('nonsense')])
      await expect(decrypt(blob)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    await expect(
      kms.send(new DescribeKeyCommand({ KeyId: keyArn.replace(/.$/, '_') })),
    ).rejects.toMatchObject({ name: 'NotFoundException' });
  });

  it('rotates to new material and opens the old one', async () => {
    const before = await generate();

    await kms.send(new RotateKeyOnDemandCommand({ KeyId: keyArn }));

    const after = await generate();
    expect(after.KeyMaterialId).not.toBe(before.KeyMaterialId);
    expect((await decrypt(before.CiphertextBlob)).Plaintext).toEqual(before.Plaintext);
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyArn }));
    expect(KeyMetadata).toMatchObject({
      Arn: keyArn,
      CurrentKeyMaterialId: after.KeyMaterialId,
      KeyState: 'Enabled',
    });
  });

  it('lets a function do what its policy allows, for the contexts that it allows', async () => {
    const environment = (await (await mini.get('/env')).json()) as Record<string, string>;
    const asFunction = new KMSClient({
      endpoint: environment.AWS_ENDPOINT_URL_KMS ?? '',
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: {
        accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
        secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
        sessionToken: environment.AWS_SESSION_TOKEN ?? '',
      },
    });
    const denied = { name: 'AccessDeniedException' };

    expect((await generate(context, asFunction)).Plaintext).toHaveLength(32);
    for (const other of [
      {},
      { tenant_id: 'other' },
      { credential: 'one' },
      { ...context, more: 'x' },
    ])
      await expect(generate(other as typeof context, asFunction)).rejects.toMatchObject(denied);
    await expect(asFunction.send(new DescribeKeyCommand({ KeyId: keyArn }))).rejects.toMatchObject(
      denied,
    );
    asFunction.destroy();
  });

  it('keeps its keys in the data folder', async () => {
    const files = writeMiniAssembly();
    const first = await startCloud({ port: 0, environment: {}, ...files });
    const client = clientOf(first.endpoints.kms);
    const made = await generate(context, client);
    client.destroy();
    await first.stop();

    const second = await startCloud({ port: 0, environment: {}, ...files });
    const again = clientOf(second.endpoints.kms);
    expect((await decrypt(made.CiphertextBlob, context, again)).Plaintext).toEqual(made.Plaintext);
    again.destroy();
    await second.stop();
    files.remove();
  });
});

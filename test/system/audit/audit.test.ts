import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { useSystem } from '../../../harness/system.ts';

const system = useSystem();

describe('the audit log of the running product', () => {
  it('tells a tenant what was done, chains it, and exports days that nothing can delete', async () => {
    const email = 'audited@example.com';
    const signUp = await system.send<{ access_token: string }>('POST', '/api/v1/auth/register', {
      body: { email, password: 'correct horse battery', company_name: 'Example Ltd' },
    });
    const token = signUp.body.access_token;
    await system.send('POST', '/api/v1/api-keys', { token, body: { name: 'sensor' } });
    for (const worker of ['audit/chain', 'audit/export'])
      expect(await system.cloud.invoke(worker, {})).toMatchObject({ ok: true });

    const { body } = await system.send<{ items: { type: string; address_hash: string }[] }>(
      'GET',
      '/api/v1/audit-events',
      { token },
    );
    expect(body.items.map(({ type }) => type)).toEqual(['api_key.created', 'tenant.signed_up']);
    expect(body.items[0]?.address_hash).toMatch(/^[\w-]{22}$/);
    const client = new S3Client({
      endpoint: system.cloud.endpoints.s3,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const Bucket = system.cloud.bucketName('AuditExports');
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
    const [manifest] = Contents.map(({ Key }) => Key);
    expect(manifest).toMatch(/^manifests\/\d{4}-\d\d-\d\d\.json$/);
    const { VersionId } = await client.send(new HeadObjectCommand({ Bucket, Key: manifest }));
    await expect(
      client.send(new DeleteObjectCommand({ Bucket, Key: manifest, VersionId })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
    client.destroy();
  });
});

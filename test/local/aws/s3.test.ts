import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError } from '../../../local/aws/aws.ts';
import type { Principal } from '../../../local/aws/iam.ts';
import { type BucketSpec, ObjectStore, serveObjects } from '../../../local/aws/s3.ts';
import type { Listener } from '../../../local/runtime/http.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenantry-s3-'));
const bucket = (name: string, mode?: 'COMPLIANCE' | 'GOVERNANCE'): BucketSpec => ({
  name,
  arn: `arn:aws:s3:::${name}`,
  ...(mode && { lock: { mode, days: 365 } }),
});
const specs = [bucket('strict', 'COMPLIANCE'), bucket('lenient', 'GOVERNANCE'), bucket('plain')];
let nowMs = Date.parse('2026-11-21T00:00:00.000Z');
let refused: string | undefined;
const principal: Principal = {
  arn: 'test',
  authorize: (action) => {
    if (action === refused) throw new AwsError('AccessDeniedException', 'no');
  },
};
const newStore = () => new ObjectStore(specs, folder, () => nowMs);
let store = newStore();
let listener: Listener | undefined;
let client: S3Client;

beforeAll(async () => {
  const handle: ObjectStore['handle'] = (...call) => store.handle(...call);
  listener = await serveObjects({ handle }, () => principal);
  client = new S3Client({
    endpoint: listener.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await listener?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const put = (Bucket: string, Key: string, more: object = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body: `content of ${Key}`, ...more }));
const textOf = async (Bucket: string, Key: string, VersionId?: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString();
const remove = (Bucket: string, Key: string, more: object = {}) =>
  client.send(new DeleteObjectCommand({ Bucket, Key, ...more }));

describe('the local S3', () => {
  it('keeps objects across restarts, and lists them in pages by name', async () => {
    for (const key of ['b/2', 'a/1 &', 'b/1', 'b/3']) await put('plain', key);
    store = newStore();

    expect(await textOf('plain', 'a/1 &')).toBe('content of a/1 &');
    const page = async (ContinuationToken?: string) =>
      client.send(
        new ListObjectsV2Command({ Bucket: 'plain', Prefix: 'b/', MaxKeys: 2, ContinuationToken }),
      );
    const first = await page();
    expect(first.Contents?.map(({ Key }) => Key)).toEqual(['b/1', 'b/2']);
    const second = await page(first.NextContinuationToken);
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(['b/3']);
    expect(second.IsTruncated).toBe(false);
  });

  it('refuses to put over an object where that is asked for, and content with another checksum', async () => {
    await put('plain', 'once', { IfNoneMatch: '*' });
    await expect(put('plain', 'once', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
    await expect(put('plain', 'wrong', { ChecksumSHA256: 'AAAA' })).rejects.toMatchObject({
      name: 'BadDigest',
    });
  });

  it('says what is missing or forbidden as S3 does', async () => {
    await expect(textOf('plain', 'nothing')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(put('no-such-bucket', 'x')).rejects.toMatchObject({ name: 'NoSuchBucket' });
    refused = 's3:PutObject';
    await expect(put('plain', 'x')).rejects.toMatchObject({
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    });
    refused = undefined;
  });

  it('keeps a version for as long as its lock says, whoever asks in compliance mode', async () => {
    const { VersionId } = await put('strict', 'day');
    const head = await client.send(new HeadObjectCommand({ Bucket: 'strict', Key: 'day' }));
    expect(head).toMatchObject({
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockRetainUntilDate: new Date(nowMs + 365 * 86_400_000),
    });
    for (const BypassGovernanceRetention of [false, true])
      await expect(
        remove('strict', 'day', { VersionId, BypassGovernanceRetention }),
      ).rejects.toMatchObject({ name: 'AccessDenied' });

    // Put over or marked as deleted, what was there is there.
    await put('strict', 'day', { Body: 'other' });
    await remove('strict', 'day');
    await expect(textOf('strict', 'day')).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect(await textOf('strict', 'day', VersionId)).toBe('content of day');
    nowMs += 366 * 86_400_000;
    await remove('strict', 'day', { VersionId });
    await expect(textOf('strict', 'day', VersionId)).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('lets go of a version in governance mode only to who may bypass it', async () => {
    const { VersionId } = await put('lenient', 'day');
    await expect(remove('lenient', 'day', { VersionId })).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    refused = 's3:BypassGovernanceRetention';
    const bypass = { VersionId, BypassGovernanceRetention: true };
    await expect(remove('lenient', 'day', bypass)).rejects.toMatchObject({ name: 'AccessDenied' });
    refused = undefined;
    await remove('lenient', 'day', bypass);

    await expect(textOf('lenient', 'day', VersionId)).rejects.toMatchObject({ name: 'NoSuchKey' });
  });
});

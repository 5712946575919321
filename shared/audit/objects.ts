import { createHash } from 'node:crypto';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { requireEnv } from '../runtime/config.ts';
import { once } from '../runtime/once.ts';
import { auditExports } from './buckets.ts';

const client = once(
  () =>
    new S3Client({
      maxAttempts: 3,
      requestHandler: {
        connectionTimeout: 1000,
        requestTimeout: 20_000,
        throwOnRequestTimeout: true,
      },
    }),
);
const bucket = () => requireEnv(auditExports.variable);

/** The SHA-256 of a text as S3 writes it: base64. */
const checksumOf = (text: string): string => createHash('sha256').update(text).digest('base64');

/**
 * Stores an object unless one of its name is there, which stays as it is. Returns the checksum of the
 * one that is there now. S3 locks it by the rule of the bucket.
 */
export async function putOnce(key: string, text: string): Promise<string> {
  try {
    await client().send(
      new PutObjectCommand({
        Bucket: bucket(),
        Key: key,
        Body: text,
        ContentType: key.endsWith('.json') ? 'application/json' : 'application/x-ndjson',
        ChecksumSHA256: checksumOf(text),
        IfNoneMatch: '*',
      }),
    );
    return checksumOf(text);
  } catch (error) {
    if (!(error instanceof S3ServiceException) || error.name !== 'PreconditionFailed') throw error;
    return checksumOf(await readText(key));
  }
}

async function readText(key: string): Promise<string> {
  const { Body } = await client().send(new GetObjectCommand({ Bucket: bucket(), Key: key }));
  if (!Body) throw new Error(`S3 answered without the content of ${key}`);
  return Body.transformToString();
}

/** The last of the objects whose names start with a prefix, by name; undefined when there are none. */
export async function lastKey(prefix: string): Promise<string | undefined> {
  let last: string | undefined;
  let token: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await client().send(
      new ListObjectsV2Command({
        Bucket: bucket(),
        Prefix: prefix,
        ...(token !== undefined && { ContinuationToken: token }),
      }),
    );
    last = page.Contents?.at(-1)?.Key ?? last;
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return last;
}

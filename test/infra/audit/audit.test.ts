import { describe, expect, it } from 'vitest';
import { packagesUsedBy } from '../packages.ts';
import { onlyResource, synthesize } from '../templates.ts';

describe('the bucket of the exported audit log', () => {
  it.each([
    ['dev', 'GOVERNANCE'],
    ['prod', 'COMPLIANCE'],
  ] as const)('in stage %s locks every object for a year, in mode %s', (stage, Mode) => {
    const { Properties, DeletionPolicy } = onlyResource(
      synthesize({ stage }).data,
      'AWS::S3::Bucket',
    );

    expect(DeletionPolicy).toBe('Retain');
    expect(Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode, Days: 365 } } },
      VersioningConfiguration: { Status: 'Enabled' },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
        ],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    const [rule] = Properties.LifecycleConfiguration.Rules;
    expect(rule.ExpirationInDays).toBeGreaterThan(365);
  });

  it('takes no request without TLS', () => {
    const { data } = synthesize({ stage: 'prod' });
    const { Statement } = onlyResource(data, 'AWS::S3::BucketPolicy').Properties.PolicyDocument;

    expect(Statement).toMatchObject([
      { Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    ]);
  });
});

describe('the client of S3', () => {
  it('is in the bundle of the export, and in no other of the audit log', async () => {
    const hasClient = async (id: string) =>
      (await packagesUsedBy(id)).includes('@aws-sdk/client-s3');

    expect(await hasClient('audit/export')).toBe(true);
    expect(await hasClient('audit/chain')).toBe(false);
    expect(await hasClient('audit/list')).toBe(false);
  }, 30_000);
});

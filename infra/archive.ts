import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type IBucket,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Bucket as ContractBucket } from '../shared/contract/buckets.ts';
import type { Stage } from './stage.ts';

const lockedFor = Duration.days(365);
const keptFor = Duration.days(400);

/** Name under which the data stack exports the ARN of a bucket. */
export const archiveArnExport = (stage: Stage, { name }: ContractBucket): string =>
  `Tenantry-${stage}-${name}-arn`;

/**
 * A bucket of a feature whose objects cannot be changed or deleted for a year. In `prod` by no one,
 * the account's root included; in other stages by those who may bypass governance.
 */
export function archive(scope: Construct, id: string, stage: Stage): IBucket {
  const bucket = new Bucket(scope, id, {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    versioned: true,
    objectLockEnabled: true,
    objectLockDefaultRetention:
      stage === 'prod'
        ? ObjectLockRetention.compliance(lockedFor)
        : ObjectLockRetention.governance(lockedFor),
    lifecycleRules: [{ expiration: keptFor, noncurrentVersionExpiration: Duration.days(1) }],
    removalPolicy: RemovalPolicy.RETAIN,
    // The class misses its own interface under exactOptionalPropertyTypes.
  }) as IBucket;
  Validations.of(bucket).acknowledge({
    id: 'AwsSolutions-S1',
    reason: 'One function writes it, and its log has every object; CloudTrail has the rest.',
  });
  return bucket;
}

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { KmsKey } from '../shared/contract/secrets.ts';
import { constructIdOf } from './function.ts';

/** A KMS key of a feature. KMS makes new material every 90 days and keeps the old for opening. */
export function productKey(scope: Construct, { name, description }: KmsKey): Key {
  return new Key(scope, `${constructIdOf(name)}Key`, {
    description: `Tenantry: ${description}`,
    enableKeyRotation: true,
    rotationPeriod: Duration.days(90),
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

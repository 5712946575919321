import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/**
 * The key that the data keys of seller credentials are encrypted with. KMS makes new material every
 * 90 days and keeps the old for opening; channels/rewrap-credentials then seals everything anew.
 */
export function credentialsKey(scope: Construct): Key {
  return new Key(scope, 'CredentialsKey', {
    description: 'Tenantry: data keys of seller credentials',
    enableKeyRotation: true,
    rotationPeriod: Duration.days(90),
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

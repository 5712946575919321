import { AwsError } from '../local/aws/aws.ts';
import type { Keyring } from '../local/aws/kms.ts';
import type { Actions } from './aws.ts';

/** The key that seals seller credentials in tests. */
export const credentialsKeyId = 'arn:aws:kms:us-east-1:000000000000:key/credentials';

/** The actions of KMS, on keys of the test's own. */
export function kmsActions(keyring: Keyring): Actions {
  return Object.fromEntries(
    ['GenerateDataKey', 'Decrypt', 'DescribeKey', 'RotateKeyOnDemand'].map((action) => [
      action,
      (input: Record<string, unknown>) => {
        try {
          return { members: keyring.call(action, input) };
        } catch (error) {
          if (error instanceof AwsError) return { error: error.name, status: error.status };
          throw error;
        }
      },
    ]),
  );
}

import { AwsError } from '../local/aws/aws.ts';
import { Keyring } from '../local/aws/kms.ts';
import { kmsKeys } from '../shared/contract/registry.ts';
import type { Actions } from './aws.ts';

/** The id of a key in tests, by its name in the contract. */
export const kmsKeyId = (name: string): string => `arn:aws:kms:us-east-1:000000000000:key/${name}`;

/** Every key of the contract, new. */
export const newKeyring = (): Keyring =>
  new Keyring([...kmsKeys.keys()].map((name) => ({ arn: kmsKeyId(name), rotationMs: undefined })));

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

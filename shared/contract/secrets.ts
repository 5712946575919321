/** A secret in Secrets Manager. A function that may read it finds its ARN in `variable`. */
export interface Secret {
  readonly name: string;
  readonly variable: string;
  readonly description: string;
}

/** A key in KMS. A function that may use it finds its id in `variable`. */
export interface KmsKey {
  readonly name: string;
  readonly variable: string;
  readonly description: string;
  /** Beside `tenant_id`, the member of the encryption context of everything that it encrypts. */
  readonly context: string;
}

export type KmsAction = 'GenerateDataKey' | 'Decrypt' | 'DescribeKey';

/** Seals the cursors of lists, and small secrets of tenants. */
export const sealingKeySecret: Secret = {
  name: 'sealing-key',
  variable: 'SEALING_KEY_SECRET',
  description: 'Seals the cursors of lists, and small secrets of tenants',
};

import type { KmsKey } from '../contract/secrets.ts';

/** Encrypts the data keys of seller credentials. */
export const credentialsKey: KmsKey = {
  name: 'credentials',
  variable: 'CREDENTIALS_KEY_ID',
  description: 'data keys of seller credentials',
  context: 'credential',
};

import type { Secret } from '../contract/secrets.ts';

export const signingKeysSecret: Secret = {
  name: 'signing-keys',
  variable: 'SIGNING_KEYS_SECRET',
  description:
    'Private keys that sign access tokens; rotated by schedule and by npm run keys:rotate',
};

export const verificationKeysSecret: Secret = {
  name: 'verification-keys',
  variable: 'VERIFICATION_KEYS_SECRET',
  description: 'Keys that verify access tokens; written when the signing keys rotate',
};

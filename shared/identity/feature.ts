import { defineFeature } from '../contract/feature.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as keys from './keys.ts';
import * as limits from './limits.ts';

/** People: sign-up, sign-in, sessions, signing keys. */
export const identity = defineFeature({
  id: 'identity',
  isCore: true,
  endpoints: [contract.register, contract.login, contract.refresh, contract.logout],
  errors: Object.values(errors),
  limits: Object.values(limits),
  families: [keys.userPartition, keys.emailPartition],
  keys: keys.identityKeys,
  items: keys.items,
});

import { defineFeature } from '../contract/feature.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as keys from './keys.ts';

/** Keys for sensors and scripts. */
export const apiKeys = defineFeature({
  id: 'api-keys',
  isCore: true,
  endpoints: [contract.createApiKey, contract.listApiKeys, contract.deleteApiKey],
  errors: Object.values(errors),
  families: [keys.apiKeyPartition],
  keys: keys.apiKeyKeys,
  items: keys.items,
});

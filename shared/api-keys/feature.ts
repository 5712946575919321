import { defineFeature } from '../contract/feature.ts';
import * as auditKinds from './audit.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as events from './events.ts';
import * as ids from './ids.ts';
import * as keys from './keys.ts';
import * as settings from './settings.ts';

/** Keys for sensors and scripts. */
export const apiKeys = defineFeature({
  id: 'api-keys',
  isCore: true,
  endpoints: [contract.createApiKey, contract.listApiKeys, contract.deleteApiKey],
  errors: Object.values(errors),
  auditKinds: Object.values(auditKinds),
  events: Object.values(events),
  ids: Object.values(ids),
  families: [keys.apiKeyPartition],
  keys: keys.apiKeyKeys,
  items: keys.items,
  settings: Object.values(settings),
});

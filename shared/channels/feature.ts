import { defineFeature } from '../contract/feature.ts';
import * as auditKinds from './audit.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as keys from './keys.ts';
import * as kmsKeys from './kms.ts';
import * as limits from './limits.ts';
import * as metrics from './metrics.ts';
import { channelUrls } from './settings.ts';

/** Seller marketplaces and the credentials that tenants have there. */
export const channels = defineFeature({
  id: 'channels',
  endpoints: [contract.updateCredentials, contract.getCredentials, contract.deleteCredentials],
  workers: [contract.rewrapCredentials],
  errors: Object.values(errors),
  auditKinds: Object.values(auditKinds),
  limits: Object.values(limits),
  families: [keys.sealedCredentials, keys.tokenBucketPartition],
  keys: keys.channelKeys,
  items: keys.items,
  settings: channelUrls,
  kmsKeys: Object.values(kmsKeys),
  metrics: [metrics.sellerCalls, metrics.sellerLatency],
});

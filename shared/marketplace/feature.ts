import { defineFeature } from '../contract/feature.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as keys from './keys.ts';
import * as limits from './limits.ts';
import * as metrics from './metrics.ts';
import * as settings from './settings.ts';

/** AWS Marketplace: from a purchase to a tenant. */
export const marketplace = defineFeature({
  id: 'marketplace',
  isCore: true,
  endpoints: [
    contract.register,
    contract.registerByLink,
    contract.completeProfile,
    contract.stubRegister,
  ],
  errors: Object.values(errors),
  limits: Object.values(limits),
  families: [keys.licensePartition],
  keys: keys.marketplaceKeys,
  items: keys.items,
  settings: Object.values(settings),
  metrics: [metrics.marketplaceRefusals],
});

import { defineFeature } from '../contract/feature.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';

/** Tenants. */
export const tenants = defineFeature({
  id: 'tenants',
  isCore: true,
  endpoints: [contract.getMyTenant, contract.updateMyTenant],
  errors: Object.values(errors),
});

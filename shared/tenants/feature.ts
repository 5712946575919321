import { defineFeature } from '../contract/feature.ts';
import * as auditKinds from './audit.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as events from './events.ts';
import * as ids from './ids.ts';
import * as keys from './keys.ts';

/** Tenants. */
export const tenants = defineFeature({
  id: 'tenants',
  isCore: true,
  endpoints: [contract.getMyTenant, contract.updateMyTenant],
  errors: Object.values(errors),
  auditKinds: Object.values(auditKinds),
  events: Object.values(events),
  ids: Object.values(ids),
  families: [keys.tenantPartition, keys.tenantSeries],
  keys: keys.tenantKeys,
  items: keys.items,
});

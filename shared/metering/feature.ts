import { defineFeature } from '../contract/feature.ts';
import * as contract from './contract.ts';
import * as errors from './errors.ts';
import * as keys from './keys.ts';
import * as limits from './limits.ts';
import * as metrics from './metrics.ts';
import * as operations from './operations.ts';
import { finalUsage } from './queue.ts';
import * as scopes from './scopes.ts';

/** What is sold by use: from a report, or a feature's own count, to AWS Marketplace. */
export const metering = defineFeature({
  id: 'metering',
  isCore: true,
  endpoints: [contract.reportUsage],
  workers: [contract.meterUsage, contract.meterFinalUsage, contract.reconcileUsage],
  operations: Object.values(operations),
  queues: [finalUsage],
  errors: Object.values(errors),
  limits: Object.values(limits),
  metrics: Object.values(metrics),
  scopes: Object.values(scopes),
  families: [keys.usagePartition, keys.meteredPartition, keys.failedUsage],
  keys: keys.meteringKeys,
  items: keys.items,
});

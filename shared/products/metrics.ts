import { defineMetric } from '../contract/metrics.ts';

/** Why a sync fails: for reasons of ours or of the channels, and for those of the tenant. */
export const syncFailures = {
  ours: ['internal_error', 'seller_unavailable', 'malformed_answer', 'incomplete_answer'],
  tenants: ['wrong_key', 'wrong_scope', 'no_credentials', 'tenant_not_active'],
} as const;
export const syncErrorCodes = [...syncFailures.ours, ...syncFailures.tenants] as const;
export type SyncErrorCode = (typeof syncErrorCodes)[number];

export const syncsStarted = defineMetric({
  name: 'SyncsStarted',
  kind: 'count',
  dimensions: { trigger: ['manual', 'schedule'] },
  description: 'Syncs that were started, by a person or by their schedule',
});

export const syncsCompleted = defineMetric({
  name: 'SyncsCompleted',
  kind: 'count',
  dimensions: {},
  description: 'Syncs that ended well',
});

export const syncsFailed = defineMetric({
  name: 'SyncsFailed',
  kind: 'count',
  dimensions: { reason: syncErrorCodes },
  description: 'Syncs that failed for a marketplace or as a whole, by the first reason',
});

export const syncDuration = defineMetric({
  name: 'SyncDuration',
  kind: 'milliseconds',
  dimensions: {},
  description: 'How long a sync that ended well took, pauses included',
});

export const syncedProducts = defineMetric({
  name: 'SyncedProducts',
  kind: 'count',
  dimensions: {},
  description: 'Products that syncs which ended well have read',
});

export const syncsStuck = defineMetric({
  name: 'SyncsStuck',
  kind: 'count',
  dimensions: {},
  description: 'Tries in vain of syncs that cannot be given up, since they are saving products',
});

export const syncsDue = defineMetric({
  name: 'SyncsDue',
  kind: 'gauge',
  dimensions: {},
  description: 'Syncs that the sweep found due or without a worker',
});

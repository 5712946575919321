import type { Limit } from '../contract/limits.ts';

/** Tests and replays. */
export const webhooksPerTenant: Limit = { name: 'webhooks.tenant', quota: 60, windowSeconds: 60 };
/** Webhooks that are created, changed or given a new secret. */
export const webhookChangesPerTenant: Limit = {
  name: 'webhook_changes.tenant',
  quota: 120,
  windowSeconds: 3600,
};

import type { EventKind } from '../contract/events.ts';

export const tenantUpdated: EventKind = {
  type: 'tenant.updated',
  description: 'The tenant was renamed. Data: `id`, `name`, `version`.',
};

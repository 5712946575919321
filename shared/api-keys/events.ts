import type { EventKind } from '../contract/events.ts';

export const apiKeyCreated: EventKind = {
  type: 'api_key.created',
  description: 'An API key was created. Data: `id`, `name`, `scopes`, `expires_at`.',
};

export const apiKeyDeleted: EventKind = {
  type: 'api_key.deleted',
  description: 'An API key was deleted. Data: `id`.',
};

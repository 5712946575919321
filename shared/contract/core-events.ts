/** Events of the core that webhooks may ask for, each with what has happened. */
export const coreEvents = {
  'tenant.updated': 'The tenant was renamed. Data: `id`, `name`, `version`.',
  'api_key.created': 'An API key was created. Data: `id`, `name`, `scopes`, `expires_at`.',
  'api_key.deleted': 'An API key was deleted. Data: `id`.',
} as const;

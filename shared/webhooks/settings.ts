import type { Setting } from '../contract/settings.ts';

export const webhookAllowPrivate: Setting = {
  variable: 'WEBHOOK_ALLOW_PRIVATE',
  description: 'Whether webhooks may have private addresses, http and any port',
  value: {
    // No deployment can switch it on: webhooks of tenants would reach into the vendor's network.
    parameter: (stage) =>
      stage === 'local' ? { default: 'true', allowedValues: ['true', 'false'] } : 'false',
  },
};

/** What webhooks may ask for, separated by commas. */
export const eventTypes: Setting = {
  variable: 'EVENT_TYPES',
  description: 'Types of the events that there are, separated by commas',
  value: {
    from: (features) =>
      features.flatMap(({ events = [] }) => events.map(({ type }) => type)).join(','),
  },
};

import { defineMetric } from '../contract/metrics.ts';

export const marketplaceRefusals = defineMetric({
  name: 'MarketplaceMisconfigured',
  kind: 'count',
  dimensions: {},
  description: 'Calls that AWS Marketplace refused for a reason that only we can fix',
});

export const eventsTaken = defineMetric({
  name: 'AgreementEvents',
  kind: 'count',
  dimensions: {},
  description: 'Events of agreements, each counted once',
});

export const unknownEvents = defineMetric({
  name: 'UnknownAgreementEvents',
  kind: 'count',
  dimensions: {},
  description: 'Events of agreements of a type that nothing here knows; kept, and without effect',
});

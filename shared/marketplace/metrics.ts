import { defineMetric } from '../contract/metrics.ts';

export const marketplaceRefusals = defineMetric({
  name: 'MarketplaceMisconfigured',
  kind: 'count',
  dimensions: {},
  description: 'Calls that AWS Marketplace refused for a reason that only we can fix',
});

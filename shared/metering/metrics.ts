import { defineMetric } from '../contract/metrics.ts';

export const usageAccepted = defineMetric({
  name: 'UsageAccepted',
  kind: 'count',
  dimensions: {},
  description: 'Hourly records of usage that AWS Marketplace accepted',
});

export const usageFailed = defineMetric({
  name: 'UsageFailed',
  kind: 'count',
  dimensions: { status: ['DuplicateRecord', 'CustomerNotSubscribed', 'REFUSED', 'EXPIRED'] },
  description:
    'Hourly records of usage that AWS Marketplace did not accept, or that were too late for it',
});

export const meteringUnavailable = defineMetric({
  name: 'MeteringUnavailable',
  kind: 'count',
  dimensions: {},
  description:
    'Batches of usage that AWS Marketplace did not take in a run; the next one sends them',
});

export const usageDifferences = defineMetric({
  name: 'UsageDifferences',
  kind: 'gauge',
  dimensions: {},
  description:
    'Dimensions of licenses whose usage of a month is not what AWS Marketplace has accepted, by the daily reconciliation',
});

import * as errors from './core-errors.ts';
import * as metrics from './core-metrics.ts';
import { defineFeature } from './feature.ts';
import { sealingKeySecret } from './secrets.ts';

/** What every area has in common. */
export const core = defineFeature({
  id: 'contract',
  isCore: true,
  errors: Object.values(errors),
  metrics: Object.values(metrics),
  secrets: [sealingKeySecret],
});

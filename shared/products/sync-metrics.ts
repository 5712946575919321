import { productMetrics } from '../contract/products-metrics.ts';
import { metricRecorder } from '../observe.ts';

/** Writes a metric of products and their sync. */
export const recordSyncMetric = metricRecorder(productMetrics);

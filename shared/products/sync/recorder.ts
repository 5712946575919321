import { metricRecorder } from '../../runtime/observe.ts';
import { productMetrics } from '../metrics.ts';

/** Writes a metric of products and their sync. */
export const recordSyncMetric = metricRecorder(productMetrics);

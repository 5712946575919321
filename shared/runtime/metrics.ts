import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Metric, ValueSource } from '../contract/metrics.ts';

const metrics = new Metrics();
const units = {
  count: MetricUnit.Count,
  gauge: MetricUnit.Count,
  milliseconds: MetricUnit.Milliseconds,
} as const;

type ValueOf<S extends ValueSource> = S extends readonly (infer Word)[] ? Word : string;
type DimensionArguments<M extends Metric> = keyof M['dimensions'] extends never
  ? []
  : [dimensions: { readonly [K in keyof M['dimensions']]: ValueOf<M['dimensions'][K]> }];

/**
 * Writes a value of a metric at once, on a separate line: dimensions of messages that are processed
 * concurrently do not mix, and there is no flush that a thrown error would skip.
 */
export function recordMetric<M extends Metric>(
  { name, kind, dimensions }: M,
  value: number,
  ...[values]: DimensionArguments<M>
): void {
  const given: Readonly<Record<string, string>> = values ?? {};
  for (const dimension of Object.keys(dimensions))
    metrics.addDimension(dimension, given[dimension] ?? '');
  metrics.addMetric(name, units[kind], value);
  metrics.publishStoredMetrics();
}

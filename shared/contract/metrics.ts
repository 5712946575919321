import { channels } from '../channels/channels.ts';
import { productMetrics } from '../products/metrics.ts';
import { coreMetrics, type MetricDefinitions, type ValueSource } from './core-metrics.ts';
import { queueNames } from './endpoint.ts';
import { endpoints, workers } from './registry.ts';

/** Every metric that functions write. Features add theirs here. */
export const metricDefinitions = { ...coreMetrics, ...productMetrics } as const;
export type MetricName = keyof typeof metricDefinitions;

export const definitionsByName: MetricDefinitions = metricDefinitions;

/** All values that a dimension may have. */
export function valuesOf(source: ValueSource): readonly string[] {
  if (typeof source !== 'string') return source;
  switch (source) {
    case 'endpoints':
      return endpoints.map(({ id }) => id);
    case 'queues':
      return queueNames;
    case 'schedules':
      return workers.flatMap(({ id, schedule }) => (schedule ? [id] : []));
    case 'marketplaces':
      return Object.keys(channels);
  }
}

/** How many metrics CloudWatch counts, and bills, for a definition at most: one for each combination of values. */
export function seriesOf(name: MetricName): number {
  return Object.values<ValueSource>(metricDefinitions[name].dimensions).reduce(
    (product, source) => product * valuesOf(source).length,
    1,
  );
}

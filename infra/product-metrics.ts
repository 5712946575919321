import { Duration } from 'aws-cdk-lib';
import {
  type IMetric,
  MathExpression,
  Metric,
  type MetricOptions,
  SearchExpression,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Metric as ProductMetric } from '../shared/contract/metrics.ts';
import type { Stage } from './stage.ts';

/** The namespace that the functions of a stage write metrics into: stages of one account do not mix. */
export const metricsNamespace = (stage: Stage): string => `Tenantry/${stage}`;

/** Name of the product in logs and metrics. */
export const serviceName = 'tenantry';

/** The metrics that the functions of a stage write themselves. */
export class ProductMetrics {
  readonly #namespace: string;

  constructor(stage: Stage) {
    this.#namespace = metricsNamespace(stage);
  }

  /** One metric, with a value for each of its dimensions. Throws on others than the list has. */
  of(
    { name: metricName, dimensions: declared }: ProductMetric,
    dimensions: Readonly<Record<string, string>> = {},
    options: MetricOptions = {},
  ): Metric {
    const wanted = Object.keys(declared).sort();
    if (wanted.join() !== Object.keys(dimensions).sort().join())
      throw new Error(`${metricName} has the dimensions ${wanted.join()}`);
    return new Metric({
      namespace: this.#namespace,
      metricName,
      dimensionsMap: { service: serviceName, ...dimensions },
      statistic: 'Sum',
      period: Duration.minutes(5),
      ...options,
    });
  }

  /** A line for each value of a metric's dimensions, for graphs: alarms take none. */
  all(
    { name: metricName, dimensions: declared }: ProductMetric,
    statistic = 'Sum',
  ): SearchExpression {
    const dimensions = Object.keys(declared);
    const schema = [this.#namespace, 'service', ...dimensions].join(',');
    const labels = dimensions.map((name) => `\${PROP('Dim.${name}')}`);
    return new SearchExpression({
      expression: `SEARCH('{${schema}} MetricName="${metricName}"', '${statistic}', 300)`,
      label: labels.join(' '),
    });
  }
}

/** The sum of metrics of which any may have no data. */
export function sumOf(
  label: string,
  metrics: readonly IMetric[],
  period = Duration.minutes(5),
): MathExpression {
  const usingMetrics = named('m', metrics);
  return new MathExpression({
    label,
    expression: filledSum(Object.keys(usingMetrics)),
    usingMetrics,
    period,
  });
}

/**
 * The share of bad ones among all, in percent; 0 where there are fewer than `atLeast`, so that
 * a single failure is no alarm.
 */
export function shareOf(
  label: string,
  {
    bad,
    good,
    atLeast,
    period,
  }: {
    bad: readonly IMetric[];
    good: readonly IMetric[];
    atLeast: number;
    period: Duration;
  },
): MathExpression {
  const [badOnes, goodOnes] = [named('b', bad), named('g', good)];
  const usingMetrics = { ...badOnes, ...goodOnes };
  const all = filledSum(Object.keys(usingMetrics));
  return new MathExpression({
    label,
    expression: `IF((${all}) >= ${atLeast}, 100 * (${filledSum(Object.keys(badOnes))}) / (${all}), 0)`,
    usingMetrics,
    period,
  });
}

export const named = (prefix: string, metrics: readonly IMetric[]): Record<string, IMetric> =>
  Object.fromEntries(metrics.map((metric, index) => [`${prefix}${index}`, metric]));

/** Metrics without an occurrence have no data, and what is added to no data is no data. */
export const filledSum = (names: readonly string[]): string =>
  names.map((name) => `FILL(${name}, 0)`).join(' + ');

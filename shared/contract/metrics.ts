/**
 * What bounds the values of a dimension: a list of words, or something the product has a list of.
 * Never ids, addresses or anything that callers choose: each value is a separate metric in
 * CloudWatch, and is paid for.
 */
export type ValueSource = 'endpoints' | 'queues' | 'schedules' | readonly string[];

/** A metric that functions write themselves. */
export interface Metric {
  readonly name: string;
  /** What its values are: occurrences to add up, a current quantity, or a duration. */
  readonly kind: 'count' | 'gauge' | 'milliseconds';
  readonly dimensions: Readonly<Record<string, ValueSource>>;
  readonly description: string;
}

/** Declares a metric and keeps the words of its dimensions. */
export const defineMetric = <const M extends Metric>(metric: M): M => metric;

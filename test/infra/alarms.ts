import { expect } from 'vitest';
import { type Resource, resourcesOf, type Templates } from './templates.ts';

/** The alarms of a deployment, by their logical ids. */
export const alarmsOf = ({ data, api }: Templates): [string, Resource][] =>
  [data, api].flatMap((template) => resourcesOf(template, 'AWS::CloudWatch::Alarm'));

export type Values = Readonly<Record<string, number>>;

/** Whether an alarm's expression rings when its metrics have these values and all others have no data. */
export function rings(templates: Templates, alarm: string, values: Values): boolean {
  const [, found] = alarmsOf(templates).find(([id]) => id.includes(alarm)) ?? [];
  const { Metrics, Threshold } = found?.Properties ?? {};
  const known = new Map<string, number | undefined>();
  let expression = '';
  for (const { Id, Expression, MetricStat } of Metrics) {
    if (Expression) expression = Expression;
    else known.set(Id, values[keyOf(MetricStat.Metric)]);
  }
  for (const name of Object.keys(values))
    expect(Metrics.map(({ MetricStat }: Stated) => keyOf(MetricStat?.Metric))).toContain(name);
  const script = expression.replaceAll(' OR ', ' || ').replaceAll(' AND ', ' && ');
  const evaluate = new Function('FILL', 'IF', ...known.keys(), `return ${script}`);
  const fill = (value: number | undefined, otherwise: number) => value ?? otherwise;
  const choose = (condition: boolean, yes: number, no: number) => (condition ? yes : no);
  return evaluate(fill, choose, ...known.values()) >= Threshold;
}
interface Stated {
  MetricStat?: { Metric: Measured };
}
interface Measured {
  MetricName: string;
  Dimensions: { Name: string; Value: string }[];
}

const keyOf = (metric: Measured | undefined): string =>
  metric
    ? [
        metric.MetricName,
        ...metric.Dimensions.filter(({ Name }) => Name !== 'service').map(({ Value }) => Value),
      ].join(' ')
    : '';

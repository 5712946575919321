import { Duration } from 'aws-cdk-lib';
import { GraphWidget, type IMetric, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';

/** How most metrics are added up. */
export const sum = { period: Duration.minutes(5), statistic: 'Sum' };
const fullWidth = 24;

/** The graphs of a row of the dashboard, as wide as it allows. */
export function row(
  ...graphs: readonly (readonly [title: string, left: IMetric[], right?: IMetric[]])[]
): IWidget[] {
  return graphs.map(
    ([title, left, right = []]) =>
      new GraphWidget({ title, left, right, width: fullWidth / graphs.length, height: 6 }),
  );
}

import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { authorizer } from '../shared/contract/background.ts';
import type { AlarmTopic } from './alarm-topic.ts';
import { type DashboardProps, drawDashboard } from './dashboard.ts';
import { infraRooms } from './features.ts';
import { constructIdOf } from './function.ts';
import { ProductMetrics, sumOf } from './product-metrics.ts';
import { sum } from './widgets.ts';

export interface MonitoringProps extends Omit<DashboardProps, 'product'> {
  readonly topic: AlarmTopic;
}

/** As many metrics as CloudWatch takes in the expression of one alarm. */
const metricsPerAlarm = 10;

/** The alarms about the API, its functions and what the product does, and the dashboard to look at when one goes off. */
export class Monitoring extends Construct {
  readonly #product: ProductMetrics;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    this.#product = new ProductMetrics(props.stage);
    this.watchFunctions(props);
    this.watchApi(props);
    for (const { watch } of infraRooms) watch?.(this, props.topic, this.#product);
    drawDashboard(this, 'Dashboard', { ...props, product: this.#product });
  }

  private watchFunctions({ topic, functions }: MonitoringProps): void {
    for (const [number, group] of groups(functions.filter(failsByErrors))) {
      topic.addAlarm(this, `FunctionErrors${number}`, {
        metric: sumOf(
          'Errors',
          group.map((each) => each.metricErrors(sum)),
        ),
        threshold: 1,
        description: `A function crashed or timed out: one of ${namesOf(group)}.`,
      });
    }
    for (const [number, group] of groups(functions)) {
      topic.addAlarm(this, `FunctionThrottles${number}`, {
        metric: sumOf(
          'Throttles',
          group.map((each) => each.metricThrottles(sum)),
        ),
        threshold: 1,
        description: `Lambda had no free concurrency for a function: one of ${namesOf(group)}.`,
      });
    }
  }

  private watchApi({ topic, api }: MonitoringProps): void {
    topic.addAlarm(this, 'ApiServerErrors', {
      metric: api.metricServerError(sum),
      threshold: 5,
      description: 'The API answers with 5xx. The access log has the routes and request ids.',
    });
    topic.addAlarm(this, 'ApiLatency', {
      metric: api.metricLatency({ period: Duration.minutes(5), statistic: 'p99' }),
      threshold: 3000,
      evaluationPeriods: 3,
      description:
        'One request in a hundred has taken 3 seconds or more for a quarter of an hour. Exports count for as long as they stream.',
    });
  }
}

/**
 * The authorizer answers 401 by throwing, which Lambda counts as an error: every expired token would
 * count. When it really fails, callers get a 500, and `ApiServerErrors` goes off.
 */
const failsByErrors = ({ node }: IFunction) => node.id !== constructIdOf(authorizer.id);

/** As many functions together as one alarm takes: one alarm for each would crowd out the stack. */
const groups = (functions: readonly IFunction[]): [number: number, group: IFunction[]][] =>
  Array.from({ length: Math.ceil(functions.length / metricsPerAlarm) }, (_, index) => [
    index + 1,
    functions.slice(index * metricsPerAlarm, (index + 1) * metricsPerAlarm),
  ]);

const namesOf = (functions: readonly IFunction[]) =>
  functions.map(({ node }) => node.id).join(', ');

import { Duration } from 'aws-cdk-lib';
import type { RestApiBase } from 'aws-cdk-lib/aws-apigateway';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { AlarmTopic } from './alarm-topic.ts';
import type { Stage } from './stage.ts';

export interface MonitoringProps {
  readonly topic: AlarmTopic;
  readonly api: RestApiBase;
  readonly functions: readonly IFunction[];
  readonly table: TableV2;
  readonly stage: Stage;
}

/** As many metrics as CloudWatch takes in the expression of one alarm. */
const metricsPerAlarm = 10;

const sum = { period: Duration.minutes(5), statistic: 'Sum' };

/** The alarms about the API and its functions, and the dashboard to look at when one rings. */
export class Monitoring extends Construct {
  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    this.watchFunctions(props);
    this.watchApi(props);
    this.drawDashboard(props);
  }

  /** A sum over several functions for each alarm: one for each function would crowd out the stack. */
  private watchFunctions({ topic, functions }: MonitoringProps): void {
    for (let first = 0; first < functions.length; first += metricsPerAlarm) {
      const group = functions.slice(first, first + metricsPerAlarm);
      const number = first / metricsPerAlarm + 1;
      const names = group.map((each) => each.node.id).join(', ');
      topic.ring(this, `FunctionErrors${number}`, {
        metric: sumOf(
          'Errors',
          group.map((each) => each.metricErrors(sum)),
        ),
        threshold: 1,
        meaning: `A function crashed or timed out: one of ${names}.`,
      });
      topic.ring(this, `FunctionThrottles${number}`, {
        metric: sumOf(
          'Throttles',
          group.map((each) => each.metricThrottles(sum)),
        ),
        threshold: 1,
        meaning: `Lambda had no free concurrency for a function: one of ${names}.`,
      });
    }
  }

  private watchApi({ topic, api }: MonitoringProps): void {
    topic.ring(this, 'ApiServerErrors', {
      metric: api.metricServerError(sum),
      threshold: 5,
      meaning: 'The API answers with 5xx. The access log has the routes and request ids.',
    });
    topic.ring(this, 'ApiLatency', {
      metric: api.metricLatency({ period: Duration.minutes(5), statistic: 'p99' }),
      threshold: 3000,
      evaluationPeriods: 3,
      meaning:
        'One request in a hundred has taken 3 seconds or more for a quarter of an hour. Exports count for as long as they stream.',
    });
    topic.ring(this, 'EventLost', {
      metric: productMetric('EventLost'),
      threshold: 1,
      meaning:
        'Something happened of which webhooks will not be told: the table refused the deliveries.',
    });
    topic.ring(this, 'MarketplaceMisconfigured', {
      metric: productMetric('MarketplaceMisconfigured'),
      threshold: 1,
      meaning:
        'AWS Marketplace refuses our calls: buyers cannot register. Check the product codes and the grants.',
    });
  }

  private drawDashboard({ api, functions, table, stage }: MonitoringProps): void {
    const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
      new GraphWidget({ title, left, right, width: 12, height: 6 });
    const perFunction = (name: string, statistic: string) =>
      functions.map((each) =>
        each.metric(name, { period: sum.period, statistic, label: each.node.id }),
      );

    new Dashboard(this, 'Dashboard', {
      defaultInterval: Duration.hours(12),
      widgets: [
        [
          graph(
            `API (${stage}): requests and errors`,
            [api.metricCount(sum)],
            [api.metricClientError(sum), api.metricServerError(sum)],
          ),
          graph(
            'API: latency',
            ['p50', 'p99'].map((statistic) => api.metricLatency({ ...sum, statistic })),
          ),
        ],
        [
          graph(
            'Functions: errors and throttles',
            perFunction('Errors', 'Sum'),
            perFunction('Throttles', 'Sum'),
          ),
          graph('Functions: duration p99', perFunction('Duration', 'p99')),
        ],
        [
          graph(
            'Table: capacity',
            ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'].map((name) =>
              table.metric(name, sum),
            ),
            ['ReadThrottleEvents', 'WriteThrottleEvents'].map((name) => table.metric(name, sum)),
          ),
          graph(
            'Product',
            [
              'MarketplaceMisconfigured',
              'RefreshTokenReused',
              'SignInRefused',
              'EventLost',
              'WebhookDisabled',
            ].map(productMetric),
          ),
        ],
      ],
    });
  }
}

/** A metric that the functions write themselves. */
function productMetric(metricName: string): Metric {
  return new Metric({
    namespace: 'Tenantry',
    metricName,
    dimensionsMap: { service: 'tenantry' },
    ...sum,
  });
}

function sumOf(label: string, metrics: readonly IMetric[]): MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]));
  return new MathExpression({
    label,
    expression: Object.keys(usingMetrics).join(' + '),
    usingMetrics,
    period: sum.period,
  });
}

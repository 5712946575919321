import { Duration } from 'aws-cdk-lib';
import type { RestApiBase } from 'aws-cdk-lib/aws-apigateway';
import { Dashboard, GraphWidget, type IMetric, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { ProductMetrics } from './product-metrics.ts';
import type { WatchedQueue } from './queues.ts';
import type { Stage } from './stage.ts';

export interface DashboardProps {
  readonly api: RestApiBase;
  readonly functions: readonly IFunction[];
  readonly queues: readonly WatchedQueue[];
  readonly table: TableV2;
  readonly stage: Stage;
  readonly product: ProductMetrics;
}

const sum = { period: Duration.minutes(5), statistic: 'Sum' };
const wholeWidth = 24;

/** What to look at when an alarm rings, from the callers down to the table. */
export function drawDashboard(scope: Construct, id: string, props: DashboardProps): Dashboard {
  return new Dashboard(scope, id, {
    defaultInterval: Duration.hours(12),
    widgets: [
      apiRow(props),
      endpointRow(props),
      signInRow(props),
      functionRow(props),
      syncRow(props),
      sellerRow(props),
      webhookRow(props),
      queueRow(props),
      tableRow(props),
    ],
  });
}

/** The graphs of a row, as wide as it allows. */
function row(
  ...graphs: readonly (readonly [title: string, left: IMetric[], right?: IMetric[]])[]
): IWidget[] {
  return graphs.map(
    ([title, left, right = []]) =>
      new GraphWidget({ title, left, right, width: wholeWidth / graphs.length, height: 6 }),
  );
}

function apiRow({ api, stage }: DashboardProps): IWidget[] {
  return row(
    [
      `API (${stage}): requests and errors`,
      [api.metricCount(sum)],
      [api.metricClientError(sum), api.metricServerError(sum)],
    ],
    ['API: latency', ['p50', 'p99'].map((statistic) => api.metricLatency({ ...sum, statistic }))],
  );
}

function endpointRow({ product }: DashboardProps): IWidget[] {
  return row(
    ['Endpoints: latency p99', [product.all('Latency', 'p99')]],
    ['Endpoints: requests', [product.all('Latency', 'SampleCount')]],
    ['Endpoints: answers with 5xx', [product.all('Faults')]],
  );
}

function signInRow({ product }: DashboardProps): IWidget[] {
  return row(
    [
      'Sign-in: refused, reused refresh tokens',
      [product.of('SignInRefused'), product.of('RefreshTokenReused')],
    ],
    ['AWS Marketplace: refuses our calls', [product.of('MarketplaceMisconfigured')]],
  );
}

function functionRow({ functions }: DashboardProps): IWidget[] {
  const each = (name: string, statistic: string) =>
    functions.map((one) => one.metric(name, { ...sum, statistic, label: one.node.id }));
  return row(
    ['Functions: errors and throttles', each('Errors', 'Sum'), each('Throttles', 'Sum')],
    ['Functions: duration p99', each('Duration', 'p99')],
  );
}

function syncRow({ product }: DashboardProps): IWidget[] {
  return row(
    [
      'Syncs: started, completed, due',
      [product.all('SyncsStarted'), product.of('SyncsCompleted')],
      [product.of('SyncsDue', {}, { statistic: 'Maximum' })],
    ],
    ['Syncs: failed, by reason; stuck', [product.all('SyncsFailed')], [product.of('SyncsStuck')]],
    [
      'Syncs: duration and products',
      ['p50', 'p99'].map((statistic) => product.of('SyncDuration', {}, { statistic })),
      [product.of('SyncedProducts')],
    ],
  );
}

function sellerRow({ product }: DashboardProps): IWidget[] {
  return row(
    ['ChannelAdapter APIs: calls by outcome', [product.all('SellerCalls')]],
    ['ChannelAdapter APIs: latency p99', [product.all('SellerLatency', 'p99')]],
  );
}

function webhookRow({ product }: DashboardProps): IWidget[] {
  return row(
    ['Webhooks: attempts by outcome', [product.all('WebhookAttempts')]],
    [
      'Webhooks: how long attempts take',
      ['p50', 'p99'].map((statistic) => product.of('DeliveryLatency', {}, { statistic })),
    ],
    ['Webhooks: switched off', [product.of('WebhookDisabled')]],
  );
}

function queueRow({ product, queues }: DashboardProps): IWidget[] {
  const maximum = { period: sum.period, statistic: 'Maximum' };
  const each = (metricOf: (queue: WatchedQueue, label: string) => IMetric) =>
    queues.map((queue) => metricOf(queue, queue.name));
  return row(
    [
      'Queues: messages, and the age of the oldest',
      each(({ queue }, label) =>
        queue.metricApproximateNumberOfMessagesVisible({ ...maximum, label }),
      ),
      each(({ queue }, label) =>
        queue.metricApproximateAgeOfOldestMessage({ ...maximum, label: `${label}: age` }),
      ),
    ],
    [
      'Queues: dead letters',
      each(({ deadLetters }, label) =>
        deadLetters.metricApproximateNumberOfMessagesVisible({ ...maximum, label }),
      ),
    ],
    [
      'Workers: messages and runs',
      [product.all('MessagesReceived'), product.all('ScheduledRuns')],
      [product.all('MessagesFailed')],
    ],
  );
}

function tableRow({ table }: DashboardProps): IWidget[] {
  return row([
    'Table: capacity, and what is throttled',
    ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'].map((name) =>
      table.metric(name, sum),
    ),
    ['ReadThrottleEvents', 'WriteThrottleEvents'].map((name) => table.metric(name, sum)),
  ]);
}

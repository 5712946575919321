import { Duration } from 'aws-cdk-lib';
import type { RestApiBase } from 'aws-cdk-lib/aws-apigateway';
import { Dashboard, type IMetric, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import {
  faults,
  latency,
  messagesFailed,
  messagesReceived,
  scheduledRuns,
} from '../shared/contract/core-metrics.ts';
import { infraRooms } from './features.ts';
import type { ProductMetrics } from './product-metrics.ts';
import type { WatchedQueue } from './queues.ts';
import type { Stage } from './stage.ts';
import { row, sum } from './widgets.ts';

export interface DashboardProps {
  readonly api: RestApiBase;
  readonly functions: readonly IFunction[];
  readonly queues: readonly WatchedQueue[];
  readonly table: TableV2;
  readonly stage: Stage;
  readonly product: ProductMetrics;
}

/** What to look at when an alarm goes off, from the callers down to the table. */
export function drawDashboard(scope: Construct, id: string, props: DashboardProps): Dashboard {
  return new Dashboard(scope, id, {
    defaultInterval: Duration.hours(12),
    widgets: [
      apiRow(props),
      endpointRow(props),
      functionRow(props),
      ...infraRooms.flatMap(({ dashboardRows }) => dashboardRows?.(props.product) ?? []),
      queueRow(props),
      tableRow(props),
    ],
  });
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
    ['Endpoints: latency p99', [product.all(latency, 'p99')]],
    ['Endpoints: requests', [product.all(latency, 'SampleCount')]],
    ['Endpoints: answers with 5xx', [product.all(faults)]],
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
      [product.all(messagesReceived), product.all(scheduledRuns)],
      [product.all(messagesFailed)],
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

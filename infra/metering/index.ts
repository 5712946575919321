import { Duration } from 'aws-cdk-lib';
import { type IWidget, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { scheduledRuns } from '../../shared/contract/core-metrics.ts';
import { meterUsage } from '../../shared/metering/contract.ts';
import * as metrics from '../../shared/metering/metrics.ts';
import type { AlarmTopic } from '../alarm-topic.ts';
import { type ProductMetrics, sumOf } from '../product-metrics.ts';
import { row } from '../widgets.ts';

export function watch(scope: Construct, topic: AlarmTopic, product: ProductMetrics): void {
  topic.addAlarm(scope, 'UsageNotAccepted', {
    metric: sumOf(
      'Records of usage that were not accepted',
      metrics.usageFailed.dimensions.status.map((status) =>
        product.of(metrics.usageFailed, { status }),
      ),
    ),
    threshold: 1,
    description:
      'AWS Marketplace did not accept usage of an hour, or it was too late for that: it is not billed. See usage_not_accepted in the log of the metering.',
  });
  topic.addAlarm(scope, 'UsageDifferences', {
    metric: product.of(
      metrics.usageDifferences,
      {},
      { statistic: 'Maximum', period: Duration.days(1) },
    ),
    threshold: 1,
    description:
      'The usage of a license in a month is not what AWS Marketplace has accepted. npm run operator -- metering reconcile names it.',
  });
  topic.addAlarm(scope, 'MeteringStands', {
    metric: new MathExpression({
      label: 'No run of the metering',
      expression: 'IF(FILL(runs, 0) < 1, 1, 0)',
      usingMetrics: { runs: product.of(scheduledRuns, { worker: meterUsage.id }) },
      period: Duration.hours(3),
    }),
    threshold: 1,
    missingData: TreatMissingData.BREACHING,
    description:
      'For three hours no run has reported usage to its end. AWS Marketplace takes it for 24 hours, and that of a month until 06:00 UTC on the first.',
  });
}

export function dashboardRows(product: ProductMetrics): IWidget[][] {
  return [
    row(
      [
        'Usage: hours that AWS accepted, and not',
        [product.of(metrics.usageAccepted)],
        [product.all(metrics.usageFailed)],
      ],
      ['Usage: batches that AWS did not take', [product.of(metrics.meteringUnavailable)]],
      [
        'Usage: months that differ',
        [product.of(metrics.usageDifferences, {}, { statistic: 'Maximum' })],
      ],
    ),
  ];
}

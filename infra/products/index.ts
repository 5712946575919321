import { Duration } from 'aws-cdk-lib';
import { type IWidget, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { scheduledRuns } from '../../shared/contract/core-metrics.ts';
import { syncSweep } from '../../shared/products/contract.ts';
import * as metrics from '../../shared/products/metrics.ts';
import type { AlarmTopic } from '../alarm-topic.ts';
import { filledSum, named, type ProductMetrics, shareOf } from '../product-metrics.ts';
import { row } from '../widgets.ts';

const { syncErrorCodes, syncFailures } = metrics;

/** Tenant-fixable failures, a wrong key for example, are excluded from both sides of the ratio. */
export function watch(scope: Construct, topic: AlarmTopic, product: ProductMetrics): void {
  const failed = (reasons: readonly string[]) =>
    reasons.map((reason) => product.of(metrics.syncsFailed, { reason }));
  topic.addAlarm(scope, 'SyncFailures', {
    metric: shareOf('Syncs that failed, in percent', {
      bad: failed(syncFailures.ours),
      good: [product.of(metrics.syncsCompleted)],
      atLeast: 5,
      period: Duration.hours(1),
    }),
    threshold: 50,
    description:
      'Half of the syncs of an hour or more failed for reasons of ours or of the seller marketplaces.',
  });

  topic.addAlarm(scope, 'SyncsStuck', {
    metric: product.of(metrics.syncsStuck, {}, { period: Duration.minutes(30) }),
    threshold: 1,
    description:
      'A sync that is saving products has failed again and again. It is retried without end; see sync_interrupted in the log of its worker.',
  });

  // A run that the sweep gave up because no worker took it did not end by itself.
  const reasons = syncErrorCodes.filter((reason) => reason !== 'internal_error');
  const ended = named('e', [product.of(metrics.syncsCompleted), ...failed(reasons)]);
  topic.addAlarm(scope, 'NoSyncActivity', {
    metric: new MathExpression({
      label: 'Stalled syncs',
      expression: `IF(FILL(runs, 0) < 1 OR (FILL(due, 0) > 0 AND (${filledSum(Object.keys(ended))}) < 1), 1, 0)`,
      usingMetrics: {
        runs: product.of(scheduledRuns, { worker: syncSweep.id }),
        due: product.of(metrics.syncsDue, {}, { statistic: 'Maximum' }),
        ...ended,
      },
      period: Duration.minutes(30),
    }),
    threshold: 1,
    evaluationPeriods: 2,
    missingData: TreatMissingData.BREACHING,
    description:
      'For an hour syncs have been due and none has ended, or the sweep that finds them has not run.',
  });
}

export function dashboardRows(product: ProductMetrics): IWidget[][] {
  return [
    row(
      [
        'Syncs: started, completed, due',
        [product.all(metrics.syncsStarted), product.of(metrics.syncsCompleted)],
        [product.of(metrics.syncsDue, {}, { statistic: 'Maximum' })],
      ],
      [
        'Syncs: failed, by reason; stuck',
        [product.all(metrics.syncsFailed)],
        [product.of(metrics.syncsStuck)],
      ],
      [
        'Syncs: duration and products',
        ['p50', 'p99'].map((statistic) => product.of(metrics.syncDuration, {}, { statistic })),
        [product.of(metrics.syncedProducts)],
      ],
    ),
  ];
}

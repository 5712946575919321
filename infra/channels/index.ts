import { Duration } from 'aws-cdk-lib';
import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import {
  type ChannelOutcome,
  channelOutcomes,
  sellerCalls,
  sellerLatency,
} from '../../shared/channels/metrics.ts';
import { channelNames } from '../../shared/channels/names.ts';
import type { AlarmTopic } from '../alarm-topic.ts';
import { constructIdOf } from '../function.ts';
import { type ProductMetrics, shareOf } from '../product-metrics.ts';
import { row } from '../widgets.ts';

/** Calls that the seller API fails at. A refused key and a limit are answers as they should be. */
const failures: readonly ChannelOutcome[] = ['malformed', 'unavailable', 'no_answer'];

export function watch(scope: Construct, topic: AlarmTopic, product: ProductMetrics): void {
  for (const marketplace of channelNames) {
    const calls = (isFailure: boolean) =>
      channelOutcomes
        .filter((outcome) => failures.includes(outcome) === isFailure)
        .map((outcome) => product.of(sellerCalls, { marketplace, outcome }));
    topic.addAlarm(scope, `SellerFailures${constructIdOf(marketplace)}`, {
      metric: shareOf('Calls that fail, in percent', {
        bad: calls(true),
        good: calls(false),
        atLeast: 20,
        period: Duration.minutes(15),
      }),
      threshold: 50,
      evaluationPeriods: 2,
      description: `For half an hour, half of the calls of the seller API of ${marketplace} or more have had no answer, a 5xx or one that is not documented.`,
    });
  }
}

export function dashboardRows(product: ProductMetrics): IWidget[][] {
  return [
    row(
      ['Seller APIs: calls by outcome', [product.all(sellerCalls)]],
      ['Seller APIs: latency p99', [product.all(sellerLatency, 'p99')]],
    ),
  ];
}

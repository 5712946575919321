import { Duration } from 'aws-cdk-lib';
import { MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { authorizer } from '../shared/contract/background.ts';
import { type ChannelOutcome, channelOutcomes } from '../shared/contract/core-metrics.ts';
import { valuesOf } from '../shared/contract/metrics.ts';
import { syncSweep } from '../shared/products/contract.ts';
import { syncErrorCodes, syncFailures } from '../shared/products/metrics.ts';
import type { AlarmTopic } from './alarm-topic.ts';
import { type DashboardProps, drawDashboard } from './dashboard.ts';
import { constructIdOf } from './function.ts';
import { filledSum, named, ProductMetrics, shareOf, sumOf } from './product-metrics.ts';

export interface MonitoringProps extends Omit<DashboardProps, 'product'> {
  readonly topic: AlarmTopic;
}

/** As many metrics as CloudWatch takes in the expression of one alarm. */
const metricsPerAlarm = 10;

const sum = { period: Duration.minutes(5), statistic: 'Sum' };

/** The alarms about the API, its functions and what the product does, and the dashboard to look at when one rings. */
export class Monitoring extends Construct {
  readonly #product: ProductMetrics;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    this.#product = new ProductMetrics(props.stage);
    this.watchFunctions(props);
    this.watchApi(props);
    this.watchSyncs(props);
    this.watchSellers(props);
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
    topic.addAlarm(this, 'MarketplaceMisconfigured', {
      metric: this.#product.of('MarketplaceMisconfigured'),
      threshold: 1,
      description:
        'AWS Marketplace refuses our calls: buyers cannot register. Check the product codes and the grants.',
    });
  }

  /** What a tenant can mend, a wrong key say, neither rings nor makes what we must mend look small. */
  private watchSyncs({ topic }: MonitoringProps): void {
    const failed = (reasons: readonly string[]) =>
      reasons.map((reason) => this.#product.of('SyncsFailed', { reason }));
    topic.addAlarm(this, 'SyncFailures', {
      metric: shareOf('Syncs that failed, in percent', {
        bad: failed(syncFailures.ours),
        good: [this.#product.of('SyncsCompleted')],
        atLeast: 5,
        period: Duration.hours(1),
      }),
      threshold: 50,
      description:
        'Half of the syncs of an hour or more failed for reasons of ours or of the seller marketplaces.',
    });

    topic.addAlarm(this, 'SyncsStuck', {
      metric: this.#product.of('SyncsStuck', {}, { period: Duration.minutes(30) }),
      threshold: 1,
      description:
        'A sync that is saving products has failed again and again. It is tried for ever; see sync_interrupted in the log of its worker.',
    });

    // A run that the sweep gave up because no worker took it is not one that somebody has ended.
    const reasons = syncErrorCodes.filter((reason) => reason !== 'internal_error');
    const ended = named('e', [this.#product.of('SyncsCompleted'), ...failed(reasons)]);
    topic.addAlarm(this, 'NoSyncActivity', {
      metric: new MathExpression({
        label: 'Syncs stand still',
        expression: `IF(FILL(runs, 0) < 1 OR (FILL(due, 0) > 0 AND (${filledSum(Object.keys(ended))}) < 1), 1, 0)`,
        usingMetrics: {
          runs: this.#product.of('ScheduledRuns', { worker: syncSweep.id }),
          due: this.#product.of('SyncsDue', {}, { statistic: 'Maximum' }),
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

  private watchSellers({ topic }: MonitoringProps): void {
    for (const marketplace of valuesOf('marketplaces')) {
      const calls = (isFailing: boolean) =>
        channelOutcomes
          .filter((outcome) => failingCalls.includes(outcome) === isFailing)
          .map((outcome) => this.#product.of('SellerCalls', { marketplace, outcome }));
      topic.addAlarm(this, `SellerFailures${constructIdOf(marketplace)}`, {
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
}

/**
 * The authorizer answers 401 by throwing, which Lambda counts as an error: every expired token would
 * ring. When it really fails, callers get a 500, and `ApiServerErrors` rings.
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

/** Calls that the marketplace fails at. A refused key and a limit are answers as they should be. */
const failingCalls: readonly ChannelOutcome[] = ['malformed', 'unavailable', 'no_answer'];

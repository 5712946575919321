import { Stack, Validations } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

export interface AlarmRule {
  readonly metric: IMetric;
  /** The threshold: this value or more is an alarm. */
  readonly threshold: number;
  readonly evaluationPeriods?: number;
  /** What missing data means; default: no alarm. */
  readonly missingData?: TreatMissingData;
  /** What is wrong and where to look, for the person whom the alarm wakes. */
  readonly description: string;
}

/** The topic that every alarm of a stage notifies. */
export class AlarmTopic extends Topic {
  constructor(scope: Construct, id: string, options: { email?: string | undefined } = {}) {
    super(scope, id, { displayName: 'Tenantry alarms', enforceSSL: true });
    // The policy that enforces TLS replaces the default one, which let the account's alarms publish.
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    if (options.email) {
      Validations.of(this.addSubscription(new EmailSubscription(options.email))).acknowledge({
        id: 'Serverless-SNSRedrivePolicy',
        reason:
          'An email that was not delivered is of no use later: the alarm keeps its state and history in CloudWatch.',
      });
    }
  }

  /** Adds an alarm to `scope` that notifies this topic when it starts and when it ends. */
  addAlarm(scope: Construct, id: string, rule: AlarmRule): Alarm {
    const alarm = new Alarm(scope, id, {
      metric: rule.metric,
      threshold: rule.threshold,
      evaluationPeriods: rule.evaluationPeriods ?? 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: rule.missingData ?? TreatMissingData.NOT_BREACHING,
      alarmDescription: rule.description,
    });
    alarm.addAlarmAction(new SnsAction(this));
    alarm.addOkAction(new SnsAction(this));
    return alarm;
  }
}

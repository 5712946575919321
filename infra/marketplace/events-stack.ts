import { Duration, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { agreementEvents } from '../../shared/marketplace/queue.ts';
import { AlarmTopic } from '../alarm-topic.ts';

export interface EventsStackProps extends StackProps {
  /** The event bus that the rest of the product listens to: in another region, or another account. */
  readonly eventBusArn: string;
  readonly alarmEmail?: string | undefined;
}

/**
 * Sends on what AWS Marketplace tells. It tells it on the default bus of us-east-1 in the seller's
 * account alone, so this stack lies there where the others do not.
 */
export class MarketplaceEventsStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { eventBusArn, alarmEmail, ...props }: EventsStackProps,
  ) {
    super(scope, id, { ...props, env: { region: 'us-east-1' } });
    const deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(deadLetters).acknowledge(
      { id: 'AwsSolutions-SQS3', reason: 'It is a dead-letter queue itself.' },
      { id: 'Serverless-SQSRedrivePolicy', reason: 'It is a dead-letter queue itself.' },
    );
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('events.amazonaws.com'),
      inlinePolicies: {
        Forward: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ['events:PutEvents'], resources: [eventBusArn] }),
          ],
        }),
      },
    });
    const rule = new CfnRule(this, 'Rule', {
      description: 'Events of AWS Marketplace, to where the product is',
      eventPattern: { source: [agreementEvents.eventSource] },
      targets: [
        {
          id: 'Bus',
          arn: eventBusArn,
          roleArn: role.roleArn,
          deadLetterConfig: { arn: deadLetters.queueArn },
        },
      ],
    });
    deadLetters.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [deadLetters.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': rule.attrArn } },
      }),
    );
    new AlarmTopic(this, 'Alarms', { email: alarmEmail }).addAlarm(this, 'NotSentOn', {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: 'Maximum',
      }),
      threshold: 1,
      description: `Events of AWS Marketplace could not be sent to ${eventBusArn} for a day. Does it exist, and does its policy let this account put events?`,
    });
  }
}

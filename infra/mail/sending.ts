import { Aws, CfnCondition, CfnOutput, Fn } from 'aws-cdk-lib';
import { CfnConfigurationSet, CfnConfigurationSetEventDestination } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';

/**
 * What mail is sent with: a configuration set of SES that tells the account's event bus of mail that
 * comes back. The identity of the sender is the account's own: it needs records in DNS and often exists
 * before the product does.
 */
export class MailSending extends Construct {
  readonly configurationSet: string;
  /** What sending mail is allowed on: the sender's address and domain as identities, and the set. */
  readonly arns: readonly string[];

  constructor(scope: Construct, id: string, { from }: { readonly from: string }) {
    super(scope, id);
    const set = new CfnConfigurationSet(this, 'ConfigurationSet', {
      sendingOptions: { sendingEnabled: true },
      reputationOptions: { reputationMetricsEnabled: true },
      // Who complained may still get mail about the safety of their account: the product decides.
      suppressionOptions: { suppressedReasons: ['BOUNCE'] },
      deliveryOptions: { tlsPolicy: 'REQUIRE' },
    });
    new CfnConfigurationSetEventDestination(this, 'Feedback', {
      configurationSetName: set.ref,
      eventDestination: {
        enabled: true,
        matchingEventTypes: ['bounce', 'complaint'],
        eventBridgeDestination: { eventBusArn: arn('events', 'event-bus/default') },
      },
    });
    this.configurationSet = set.ref;
    // With no sender there is no domain either, and the policy names one that cannot exist.
    const domain = Fn.select(1, Fn.split('@', `${from}@none.invalid`));
    this.arns = [
      arn('ses', `identity/${domain}`),
      arn('ses', `identity/${from}`),
      arn('ses', `configuration-set/${set.ref}`),
    ];
    const isOff = new CfnCondition(this, 'IsOff', { expression: Fn.conditionEquals(from, '') });
    new CfnOutput(this, 'Sender', {
      description: 'Whom mail comes from',
      value: Fn.conditionIf(
        isOff.logicalId,
        'nobody: MailFrom is empty, and no mail is sent',
        from,
      ).toString(),
    });
  }
}

const arn = (service: string, resource: string): string =>
  `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${resource}`;

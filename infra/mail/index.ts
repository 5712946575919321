import { CfnRule, Duration, Fn, type Stack } from 'aws-cdk-lib';
import { type IMetric, type IWidget, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { parameterName } from '../../shared/contract/settings.ts';
import { bounces, complaints, mails } from '../../shared/mail/metrics.ts';
import { mailFrom, publicUrl } from '../../shared/mail/settings.ts';
import type { AlarmTopic } from '../alarm-topic.ts';
import type { ProductMetrics } from '../product-metrics.ts';
import type { Stage } from '../stage.ts';
import { row } from '../widgets.ts';

/** `prod` sends no mail whose button leads nowhere. */
export function requireOf(stack: Stack, stage: Stage): void {
  if (stage !== 'prod') return;
  const isEmpty = (name: string) => Fn.conditionEquals(Fn.ref(name), '');
  new CfnRule(stack, 'LinksInMail', {
    ruleCondition: Fn.conditionNot(isEmpty(parameterName(mailFrom))),
    assertions: [
      {
        assert: Fn.conditionNot(isEmpty(parameterName(publicUrl))),
        assertDescription: 'Mail needs PublicUrl, the address of the web app, for its links',
      },
    ],
  });
}

/** The rates at which AWS looks at an account; ours are of a day. */
const worst = { bounces: 5, complaints: 0.1 } as const;
/** Of fewer mails, one alone would be a rate. */
const leastMails = 100;

export function watch(scope: Construct, topic: AlarmTopic, product: ProductMetrics): void {
  topic.addAlarm(scope, 'MailBounceRate', {
    metric: rateOf('Bounces', product.of(bounces), product),
    threshold: worst.bounces,
    description: `At least ${worst.bounces} % of the mail of a day came back: AWS may stop it. See docs/mail.md.`,
  });
  topic.addAlarm(scope, 'MailComplaintRate', {
    metric: rateOf('Complaints', product.of(complaints), product),
    threshold: worst.complaints,
    description: `At least ${worst.complaints} % of the mail of a day was called spam: AWS may stop it. See docs/mail.md.`,
  });
  topic.addAlarm(scope, 'MailFailed', {
    metric: product.of(mails, { outcome: 'failed' }),
    threshold: 1,
    description:
      'Mail was given up: SES did not take it in all its attempts. See mail_refused in the log of mail/send.',
  });
}

/** A share of the mail that SES has taken, in percent, over a day. */
function rateOf(label: string, bad: IMetric, product: ProductMetrics): MathExpression {
  return new MathExpression({
    label,
    expression: `IF(FILL(sent, 0) >= ${leastMails}, 100 * FILL(bad, 0) / sent, 0)`,
    usingMetrics: { bad, sent: product.of(mails, { outcome: 'sent' }) },
    period: Duration.days(1),
  });
}

export function dashboardRows(product: ProductMetrics): IWidget[][] {
  return [
    row(
      ['Mail: attempts by outcome', [product.all(mails)]],
      ['Mail: came back, called spam', [product.of(bounces), product.of(complaints)]],
    ),
  ];
}

import { Aws, Validations } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnPermission, type IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { BackgroundFunction } from '../shared/contract/background.ts';
import { constructIdOf } from './function.ts';

/** Lets EventBridge call a function as often as its contract entry says. */
export function schedule(scope: Construct, entry: BackgroundFunction, target: IFunction): void {
  if (!entry.schedule) return;
  const name = constructIdOf(entry.id);
  const rule = new CfnRule(scope, `${name}Schedule`, {
    description: entry.summary,
    scheduleExpression: entry.schedule,
    targets: [{ id: 'function', arn: target.functionArn }],
  });
  Validations.of(rule).acknowledge({
    id: 'Serverless-EventBusDLQ',
    reason:
      'The next run does what a lost one did not; failures ring the alarm on function errors.',
  });
  new CfnPermission(scope, `${name}SchedulePermission`, {
    action: 'lambda:InvokeFunction',
    functionName: target.functionArn,
    principal: 'events.amazonaws.com',
    sourceAccount: Aws.ACCOUNT_ID,
    sourceArn: rule.attrArn,
  });
}

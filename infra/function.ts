import { join } from 'node:path';
import { Duration, Validations } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { BackgroundFunction } from '../shared/contract/background.ts';
import { operationFunctionName } from '../shared/contract/operations.ts';
import { archiveArnExport } from './archive.ts';
import { assetOptions } from './assets.ts';
import { type GrantedResources, statementsFor } from './grants.ts';
import { architectureFor } from './native-packages.ts';
import { metricsNamespace, serviceName } from './product-metrics.ts';
import type { Stage } from './stage.ts';

/** A contract entry as far as its function is concerned. */
export type FunctionEntry = BackgroundFunction;

export interface FunctionProps extends Partial<Omit<lambda.FunctionProps, 'code' | 'role'>> {
  /** What the contract says about the function. */
  readonly entry: FunctionEntry;
  readonly stage: Stage;
  /** Folder with one bundle per function. */
  readonly bundles: string;
  /** What its needs are granted on; none for a function that has none. */
  readonly resources?: GrantedResources;
  /** Statements beyond those of the contract entry. */
  readonly statements?: readonly PolicyStatement[];
  readonly logGroup: ILogGroup;
  /** Level from which on the function logs. */
  readonly logLevel: string;
}

const architectures = { arm64: lambda.Architecture.ARM_64, x86_64: lambda.Architecture.X86_64 };

/** `auth/login` as it is called in a template: `AuthLogin`. */
export function constructIdOf(functionId: string): string {
  return functionId.replace(/(?:^|[/-])(\w)/g, (_, first: string) => first.toUpperCase());
}

/**
 * The Lambda function of a contract entry: its bundle, a role with the entry's grants and nothing
 * else, and defaults that any property of the caller replaces.
 */
export class ContractFunction extends lambda.Function {
  constructor(scope: Construct, props: FunctionProps) {
    const { entry, stage, bundles, resources, statements = [], logLevel, ...overrides } = props;
    const id = constructIdOf(entry.id);
    const code = join(bundles, entry.id);
    const role = new Role(scope, `${id}Role`, {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        grants: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              resources: [props.logGroup.logGroupArn],
            }),
            new PolicyStatement({
              actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
              resources: ['*'],
            }),
            ...(resources ? statementsFor(entry, resources) : []),
            ...statements,
          ],
        }),
      },
    });

    super(scope, id, {
      description: entry.summary,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: architectures[architectureFor(entry.native)],
      handler: 'index.handler',
      code: lambda.Code.fromAsset(code, assetOptions(scope, code)),
      memorySize: entry.memoryMb ?? 512,
      timeout: Duration.seconds(entry.timeoutSeconds ?? 10),
      tracing: lambda.Tracing.ACTIVE,
      loggingFormat: lambda.LoggingFormat.JSON,
      // Lambda takes a line without a level, which is what a metric is, for INFO: only the logger's
      // own level may rise above it.
      applicationLogLevelV2: lambda.ApplicationLogLevel.INFO,
      ...('command' in entry && { functionName: operationFunctionName(stage, entry) }),
      ...(feedsItself(entry) && { recursiveLoop: lambda.RecursiveLoop.ALLOW }),
      ...overrides,
      environment: {
        POWERTOOLS_SERVICE_NAME: serviceName,
        POWERTOOLS_METRICS_NAMESPACE: metricsNamespace(stage),
        POWERTOOLS_LOG_LEVEL: logLevel,
        ...overrides.environment,
      },
      // The role's policy above is the whole of it; CDK must not widen it.
      role: role.withoutPolicyUpdates(),
    });
    // The name that `sam local invoke` takes and that the API's definition refers to.
    const resource = this.node.defaultChild as lambda.CfnFunction;
    resource.overrideLogicalId(id);
    resource.addMetadata('tenantry:function', entry.id);

    if (!overrides.deadLetterQueue) {
      Validations.of(this).acknowledge({
        id: 'Serverless-LambdaDLQ',
        reason: noDeadLettersReason(entry),
      });
    }
    Validations.of(role).acknowledge(
      { id: 'AwsSolutions-IAM5[Resource::*]', reason: starReason(entry) },
      { id: 'Serverless-LambdaStarPermissions', reason: starReason(entry) },
    );
    for (const [bucket] of entry.buckets ?? []) {
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${archiveArnExport(stage, bucket)}/*]`,
        reason: 'The objects of a bucket have no names before they are written.',
      });
    }
  }
}

/** Lambda takes a worker that queues its own next step for a runaway, and stops it at the 16th. */
function feedsItself({ queue, queues = [] }: FunctionEntry): boolean {
  return queue !== undefined && queues.includes(queue);
}

function noDeadLettersReason(entry: FunctionEntry): string {
  const { queue, schedule } = entry;
  if ('command' in entry) return 'An operator invokes it synchronously and sees the failure.';
  if (queue) return 'Failed messages go to the dead-letter queue of its queue.';
  if (schedule) return 'Its next run does what a failed one has left, and an alarm goes off.';
  return 'API Gateway invokes it synchronously: its caller sees the failure, and nothing is queued.';
}

function starReason(entry: FunctionEntry): string {
  return ['X-Ray writes', ...(entry.actions ?? [])]
    .join(', ')
    .concat(' have no resource-level permissions in IAM.');
}

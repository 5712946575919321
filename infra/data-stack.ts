import {
  Aws,
  CfnOutput,
  CfnParameter,
  Duration,
  RemovalPolicy,
  SecretValue,
  Stack,
  type StackProps,
  Tags,
  Validations,
} from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  ContributorInsightsMode,
  ProjectionType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { CfnRotationSchedule, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { rotateSigningKeys } from '../shared/contract/background.ts';
import { buckets, kmsKeys } from '../shared/contract/registry.ts';
import { sealingKeySecret } from '../shared/contract/secrets.ts';
import { seriesIndex } from '../shared/table/family.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { archive, archiveArnExport } from './archive.ts';
import { ContractFunction, constructIdOf } from './function.ts';
import type { GrantedResources } from './grants.ts';
import { FunctionLogs } from './logs.ts';
import { logLevelParameter } from './parameters.ts';
import { productKey } from './product-key.ts';
import type { Stage } from './stage.ts';

export interface DataStackProps extends StackProps {
  readonly stage: Stage;
  readonly bundles: string;
  readonly alarmEmail?: string | undefined;
}

/** What outlives every deployment: the table, the keys and secrets, and where alarms ring. */
export class DataStack extends Stack {
  readonly table: TableV2;
  readonly granted: GrantedResources;
  /** Names of buckets by their names in the contract. */
  readonly bucketNames: Readonly<Record<string, string>>;
  readonly originVerify: Secret;
  readonly alarms: AlarmTopic;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    this.table = this.createTable();
    this.alarms = new AlarmTopic(this, 'Alarms', { email: props.alarmEmail });

    const signingKeys = this.createSecret('SigningKeys', props.stage, 'signing-keys', {
      description:
        'Private keys that sign access tokens; rotated by schedule and by npm run keys:rotate',
      secretStringValue: emptyKeySet,
    });
    const verificationKeys = this.createSecret(
      'VerificationKeys',
      props.stage,
      'verification-keys',
      {
        description: 'Keys that verify access tokens; written when the signing keys rotate',
        secretStringValue: emptyKeySet,
      },
    );
    const sealingKey = this.createSecret('SealingKey', props.stage, 'sealing-key', {
      description: sealingKeySecret.description,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
    });
    this.originVerify = this.createSecret('OriginVerify', props.stage, 'origin-verify', {
      description: 'What CloudFront proves itself to the API with',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
    });
    acknowledgeNoRotation(verificationKeys, 'It is written by the rotation of the signing keys.');
    acknowledgeNoRotation(
      sealingKey,
      'What it seals outlives a rotation; docs/operations.md says how to replace it by hand.',
    );
    acknowledgeNoRotation(
      this.originVerify,
      'CloudFront and WAF resolve it at deployment, so a rotation between deployments would cut them apart.',
    );

    const archives = [...buckets.values()].map(
      (bucket) =>
        [bucket, archive(this, `${constructIdOf(bucket.name)}Bucket`, props.stage)] as const,
    );
    this.bucketNames = Object.fromEntries(
      archives.map(([{ name }, { bucketName }]) => [name, bucketName]),
    );
    this.granted = {
      bucketArns: Object.fromEntries(
        archives.map(([bucket, { bucketArn }]) => [
          bucket.name,
          this.exportValue(bucketArn, { name: archiveArnExport(props.stage, bucket) }),
        ]),
      ),
      keyArns: Object.fromEntries(
        [...kmsKeys.values()].map((key) => [key.name, productKey(this, key).keyArn]),
      ),
      tableArn: this.table.tableArn,
      secretArns: {
        'signing-keys': signingKeys.secretArn,
        'verification-keys': verificationKeys.secretArn,
        'sealing-key': sealingKey.secretArn,
      },
    };
    this.rotate(signingKeys, verificationKeys, props);
    this.watchTable();
    new CfnOutput(this, 'TableName', { value: this.table.tableName });
    new CfnOutput(this, 'SigningKeysSecret', { value: signingKeys.secretArn });
    new CfnOutput(this, 'VerificationKeysSecret', { value: verificationKeys.secretArn });
    for (const [name, value] of Object.entries(this.granted.keyArns))
      new CfnOutput(this, `${constructIdOf(name)}KeyArn`, { value });
    for (const [name, value] of Object.entries(this.bucketNames))
      new CfnOutput(this, `${constructIdOf(name)}BucketName`, { value });
    new CfnOutput(this, 'SealingKeySecret', { value: sealingKey.secretArn });
  }

  private createTable(): TableV2 {
    const string = (name: string) => ({ name, type: AttributeType.STRING });
    return new TableV2(this, 'Table', {
      partitionKey: string('pk'),
      sortKey: string('sk'),
      globalSecondaryIndexes: [
        {
          indexName: seriesIndex,
          partitionKey: string('series_pk'),
          sortKey: string('series_sk'),
          projectionType: ProjectionType.ALL,
        },
      ],
      timeToLiveAttribute: 'ttl',
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      contributorInsightsSpecification: {
        enabled: true,
        mode: ContributorInsightsMode.THROTTLED_KEYS,
      },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  private createSecret(
    id: string,
    stage: Stage,
    name: string,
    props: ConstructorParameters<typeof Secret>[2],
  ): Secret {
    const secret = new Secret(this, id, { removalPolicy: RemovalPolicy.RETAIN, ...props });
    // The command that rotates keys finds the secret by this tag.
    Tags.of(secret).add('tenantry:secret', `${stage}/${name}`);
    return secret;
  }

  private rotate(
    signingKeys: Secret,
    verificationKeys: Secret,
    { bundles, stage }: DataStackProps,
  ): void {
    const algorithm = new CfnParameter(this, 'TokenAlgorithm', {
      default: 'ES256',
      allowedValues: ['ES256', 'RS256', 'HS256'],
      description: 'Algorithm of the signing keys that rotation makes from now on',
    });
    const logs = new FunctionLogs(this, 'RotationLogs');
    const deadLetters = new Queue(this, 'RotationDeadLetters', {
      retentionPeriod: Duration.days(14),
      enforceSSL: true,
    });
    Validations.of(deadLetters).acknowledge(
      { id: 'AwsSolutions-SQS3', reason: 'It is a dead-letter queue itself.' },
      { id: 'Serverless-SQSRedrivePolicy', reason: 'It is a dead-letter queue itself.' },
    );

    const rotation = new ContractFunction(this, {
      entry: rotateSigningKeys,
      stage,
      bundles,
      logGroup: logs,
      logLevel: logLevelParameter(this).valueAsString,
      deadLetterQueue: deadLetters,
      statements: [
        new PolicyStatement({
          actions: [
            'secretsmanager:DescribeSecret',
            'secretsmanager:GetSecretValue',
            'secretsmanager:PutSecretValue',
            'secretsmanager:UpdateSecretVersionStage',
          ],
          resources: [signingKeys.secretArn],
        }),
        new PolicyStatement({
          actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
          resources: [verificationKeys.secretArn],
        }),
        new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
      ],
      environment: {
        SIGNING_KEYS_SECRET: signingKeys.secretArn,
        VERIFICATION_KEYS_SECRET: verificationKeys.secretArn,
        TOKEN_ALGORITHM: algorithm.valueAsString,
      },
    });
    const permission = new CfnPermission(this, 'KeysRotatePermission', {
      action: 'lambda:InvokeFunction',
      functionName: rotation.functionArn,
      principal: 'secretsmanager.amazonaws.com',
      sourceAccount: Aws.ACCOUNT_ID,
      sourceArn: signingKeys.secretArn,
    });
    const schedule = new CfnRotationSchedule(this, 'KeysRotateSchedule', {
      secretId: signingKeys.secretArn,
      rotationLambdaArn: rotation.functionArn,
      rotationRules: { automaticallyAfterDays: 30 },
      rotateImmediatelyOnUpdate: true,
    });
    schedule.addResourceDependency(permission);

    this.alarms.addAlarm(this, 'RotationErrors', {
      metric: rotation.metricErrors({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 1,
      description:
        'The signing keys did not rotate. The old key keeps signing; see the log of keys/rotate.',
    });
    this.alarms.addAlarm(this, 'RotationDeadLettersWaiting', {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      threshold: 1,
      description:
        'A rotation was given up after its retries. Rotate by hand: npm run keys:rotate.',
    });
  }

  private watchTable(): void {
    const options = { period: Duration.minutes(5), statistic: 'Sum' };
    for (const name of ['ReadThrottleEvents', 'WriteThrottleEvents']) {
      this.alarms.addAlarm(this, `Table${name}`, {
        metric: this.table.metric(name, options),
        threshold: 10,
        description: 'DynamoDB throttles the table: a partition is hot or traffic doubled at once.',
      });
    }
  }
}

/** Only until the first rotation, which the schedule starts as soon as it exists. */
const emptyKeySet = SecretValue.unsafePlainText('{"keys":[]}');

function acknowledgeNoRotation(secret: Secret, reason: string): void {
  Validations.of(secret).acknowledge({ id: 'AwsSolutions-SMG4', reason });
}

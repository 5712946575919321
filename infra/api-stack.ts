import { Aws, CfnOutput, Fn, Size, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  ApiDefinition,
  EndpointType,
  LogGroupLogDestination,
  MethodLoggingLevel,
  SpecRestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { CfnEventBusPolicy } from 'aws-cdk-lib/aws-events';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { authorizer, type BackgroundFunction, fallback } from '../shared/contract/background.ts';
import type { Endpoint } from '../shared/contract/endpoint.ts';
import { mailFrom } from '../shared/mail/settings.ts';
import { apiDefinition } from './api-definition.ts';
import type { DataStack } from './data-stack.ts';
import { environmentOf } from './environment.ts';
import { infraRooms } from './features.ts';
import { ContractFunction, constructIdOf, type FunctionEntry } from './function.ts';
import { FunctionLogs } from './logs.ts';
import { MailSending } from './mail/sending.ts';
import { Monitoring } from './monitoring.ts';
import { logLevelParameter, roleArns, settingValues } from './parameters.ts';
import { Queues } from './queues.ts';
import type { Stage } from './stage.ts';
import { WebAcl } from './web-acl.ts';

export interface ApiStackProps extends StackProps {
  readonly stage: Stage;
  readonly endpoints: readonly Endpoint[];
  readonly workers: readonly BackgroundFunction[];
  readonly bundles: string;
  readonly data: DataStack;
  /** Another account that may put events of AWS Marketplace on the default bus. */
  readonly sellerAccount?: string | undefined;
}

/** Name of the API's one stage; the first segment of its own address, which CloudFront hides. */
export const apiStageName = 'main';

/** The functions of the contract and the REST API in front of them. */
export class ApiStack extends Stack {
  readonly api: SpecRestApi;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { data, endpoints, workers } = props;

    for (const { requireOf } of infraRooms) requireOf?.(this, props.stage);
    const logs = new FunctionLogs(this, 'FunctionLogs');
    const logLevel = logLevelParameter(this).valueAsString;
    const settingOf = settingValues(this, props.stage);
    const roleArnOf = roleArns(this, settingOf);
    const queues = new Queues(this, 'Queues', {
      stage: props.stage,
      workers,
      topic: data.alarms,
    });
    if (props.sellerAccount !== undefined) {
      new CfnEventBusPolicy(this, 'SellerEvents', {
        statementId: `${this.stackName}-SellerEvents`,
        action: 'events:PutEvents',
        principal: props.sellerAccount,
      });
    }
    const mail = new MailSending(this, 'Mail', { from: settingOf(mailFrom) });
    const createFunction = (entry: FunctionEntry) =>
      new ContractFunction(this, {
        entry,
        stage: props.stage,
        bundles: props.bundles,
        resources: {
          ...data.granted,
          queueArns: queues.arns,
          mailArns: mail.arns,
          roleArnOf,
        },
        logGroup: logs,
        logLevel,
        environment: environmentOf(entry, {
          tableName: data.table.tableName,
          secretArns: data.granted.secretArns,
          keyArns: data.granted.keyArns,
          queueUrls: queues.urls,
          mailConfigurationSet: mail.configurationSet,
          bucketNames: data.bucketNames,
          settingOf,
        }),
      });
    const workerFunctions = workers.map((worker) => {
      const created = createFunction(worker);
      queues.connect(worker, created);
      return created;
    });
    const functions = [
      ...[...endpoints, authorizer, fallback].map(createFunction),
      ...workerFunctions,
    ];

    this.api = this.createApi(endpoints, props.stage);
    for (const { id: functionId, method } of endpoints)
      this.permit(functionId, `${apiStageName}/${method}/*`);
    this.permit(fallback.id, `${apiStageName}/*`);
    this.permit(authorizer.id, 'authorizers/*');

    new WebAcl(this, 'WebAcl', {
      stageArn: this.api.deploymentStage.stageArn,
      originSecret: data.originVerify.secretValue,
    });
    new Monitoring(this, 'Monitoring', {
      topic: data.alarms,
      api: this.api,
      functions,
      queues: queues.watched,
      table: data.table,
      stage: props.stage,
    });
    new CfnOutput(this, 'ApiId', { value: this.api.restApiId });
  }

  private createApi(endpoints: readonly Endpoint[], stage: Stage): SpecRestApi {
    // CloudWatch keeps the API's metrics under this name: stages of one account must differ in it.
    const name = `Tenantry-${stage}`;
    const accessLogs = new LogGroup(this, 'AccessLogs', { retention: RetentionDays.THREE_MONTHS });
    const api = new SpecRestApi(this, 'Api', {
      restApiName: name,
      apiDefinition: ApiDefinition.fromInline(apiDefinition(endpoints, name)),
      endpointTypes: [EndpointType.REGIONAL],
      minCompressionSize: Size.bytes(1024),
      cloudWatchRole: true,
      deployOptions: {
        stageName: apiStageName,
        accessLogDestination: new LogGroupLogDestination(accessLogs),
        accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        metricsEnabled: true,
        tracingEnabled: true,
        throttlingRateLimit: 200,
        throttlingBurstLimit: 400,
      },
    });
    Validations.of(api).acknowledge(
      {
        id: 'AwsSolutions-APIG2',
        reason:
          'Functions validate every input with the schemas of the contract and answer with problem details.',
      },
      {
        id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
        reason: 'The role of API Gateway itself, for which AWS maintains exactly this policy.',
      },
    );
    return api;
  }

  /** Lets the API invoke a function, and no other API or account. */
  private permit(functionId: string, route: string): void {
    const name = constructIdOf(functionId);
    new CfnPermission(this, `${name}Permission`, {
      action: 'lambda:InvokeFunction',
      functionName: Fn.getAtt(name, 'Arn').toString(),
      principal: 'apigateway.amazonaws.com',
      sourceArn: `arn:${Aws.PARTITION}:execute-api:${Aws.REGION}:${Aws.ACCOUNT_ID}:${this.api.restApiId}/${route}`,
    });
  }
}

/** No address, no path parameter, no header: whom a line is about is the tenant, by its id. */
const accessLogFields = {
  time: '$context.requestTimeEpoch',
  request_id: '$context.requestId',
  trace_id: '$context.xrayTraceId',
  method: '$context.httpMethod',
  route: '$context.resourcePath',
  status: '$context.status',
  latency_ms: '$context.responseLatency',
  function_latency_ms: '$context.integrationLatency',
  function_status: '$context.integration.status',
  gateway_error: '$context.error.responseType',
  tenant_id: '$context.authorizer.tenant_id',
  user_id: '$context.authorizer.user_id',
};

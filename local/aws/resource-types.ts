import { createHash } from 'node:crypto';
import { account, region } from './aws.ts';

/** How the runner treats a type of resource: what `Ref` and `Fn::GetAtt` give, if it is needed at all. */
export interface ResourceType {
  /** What `Ref` gives; default: the physical name. */
  readonly ref?: (name: string) => string;
  readonly attributes?: Readonly<Record<string, (name: string) => string>>;
}

/** Letters and digits that stay the same for one resource, as the ids that AWS makes up. */
export function stableId(
  name: string,
  length: number,
  alphabet: 'hex' | 'base36' = 'base36',
): string {
  const digest = createHash('sha256').update(name).digest('hex');
  if (alphabet === 'hex') return digest.slice(0, length);
  return BigInt(`0x${digest}`).toString(36).slice(0, length).padStart(length, '0');
}

const arn = (service: string, resource: string) =>
  `arn:aws:${service}:${region}:${account}:${resource}`;
const globalArn = (service: string, resource: string) =>
  `arn:aws:${service}::${account}:${resource}`;

const restApiId = (name: string) => stableId(name, 10);
const distributionId = (name: string) => `E${stableId(name, 13).toUpperCase()}`;
const secretArn = (name: string) => arn('secretsmanager', `secret:${name}-${stableId(name, 6)}`);
const edgeFunctionArn = (name: string) => globalArn('cloudfront', `function/${name}`);
const tableArn = (name: string) => arn('dynamodb', `table/${name}`);
const bucketName = (name: string) => `${name.toLowerCase()}-${stableId(name, 8)}`;
const topicArn = (name: string) => arn('sns', name);

/** Types that the runner runs: it reads their properties. */
const run: Readonly<Record<string, ResourceType>> = {
  'AWS::ApiGateway::RestApi': {
    ref: restApiId,
    attributes: { RestApiId: restApiId, RootResourceId: (name) => stableId(`${name}/`, 10) },
  },
  'AWS::ApiGateway::Deployment': {
    ref: (name) => stableId(name, 6),
    attributes: { DeploymentId: (name) => stableId(name, 6) },
  },
  'AWS::ApiGateway::Stage': {},
  'AWS::CloudFront::Distribution': {
    ref: distributionId,
    attributes: {
      Id: distributionId,
      DomainName: (name) => `${distributionId(name).toLowerCase()}.cloudfront.net`,
    },
  },
  'AWS::CloudFront::Function': {
    ref: edgeFunctionArn,
    attributes: { FunctionARN: edgeFunctionArn },
  },
  'AWS::CloudFront::ResponseHeadersPolicy': {
    ref: (name) => stableId(name, 32, 'hex'),
    attributes: { Id: (name) => stableId(name, 32, 'hex') },
  },
  'AWS::DynamoDB::GlobalTable': {
    attributes: { Arn: tableArn, TableId: (name) => stableId(name, 32, 'hex') },
  },
  'AWS::Events::Rule': { attributes: { Arn: (name) => arn('events', `rule/${name}`) } },
  'AWS::IAM::Policy': {},
  'AWS::IAM::Role': {
    attributes: {
      Arn: (name) => globalArn('iam', `role/${name}`),
      RoleId: (name) => `AROA${stableId(name, 17).toUpperCase()}`,
    },
  },
  'AWS::Lambda::EventSourceMapping': { ref: (name) => stableId(name, 32, 'hex') },
  'AWS::KMS::Key': {
    attributes: { Arn: (name) => arn('kms', `key/${stableId(name, 32, 'hex')}`) },
  },
  'AWS::Lambda::Function': { attributes: { Arn: (name) => arn('lambda', `function:${name}`) } },
  'AWS::Lambda::Permission': {},
  'AWS::S3::Bucket': {
    ref: bucketName,
    attributes: {
      Arn: (name) => `arn:aws:s3:::${bucketName(name)}`,
      DomainName: (name) => `${bucketName(name)}.s3.amazonaws.com`,
      RegionalDomainName: (name) => `${bucketName(name)}.s3.${region}.amazonaws.com`,
    },
  },
  'AWS::SecretsManager::RotationSchedule': {},
  'AWS::SecretsManager::Secret': { ref: secretArn, attributes: { Id: secretArn } },
  'AWS::SQS::Queue': {
    ref: (name) => `https://sqs.${region}.amazonaws.com/${account}/${name}`,
    attributes: { Arn: (name) => arn('sqs', name), QueueName: (name) => name },
  },
  'AWS::WAFv2::WebACL': {
    ref: (name) => `${name}|${stableId(name, 32, 'hex')}|REGIONAL`,
    attributes: {
      Arn: (name) => arn('wafv2', `regional/webacl/${name}/${stableId(name, 32, 'hex')}`),
      Id: (name) => stableId(name, 32, 'hex'),
    },
  },
  'AWS::WAFv2::WebACLAssociation': {},
  'Custom::CDKBucketDeployment': {},
};

/** Types that mean nothing on one machine. They may still be referred to. */
const skip: Readonly<Record<string, ResourceType>> = {
  'AWS::ApiGateway::Account': {},
  'AWS::CDK::Metadata': {},
  'AWS::CloudFront::OriginAccessControl': {
    ref: (name) => stableId(name, 14).toUpperCase(),
    attributes: { Id: (name) => stableId(name, 14).toUpperCase() },
  },
  'AWS::CloudWatch::Alarm': { attributes: { Arn: (name) => arn('cloudwatch', `alarm:${name}`) } },
  'AWS::CloudWatch::CompositeAlarm': {
    attributes: { Arn: (name) => arn('cloudwatch', `alarm:${name}`) },
  },
  'AWS::CloudWatch::Dashboard': {},
  'AWS::KMS::Alias': {},
  'AWS::Lambda::EventInvokeConfig': {},
  'AWS::Lambda::LayerVersion': { ref: (name) => arn('lambda', `layer:${name}:1`) },
  'AWS::Logs::LogGroup': { attributes: { Arn: (name) => arn('logs', `log-group:${name}:*`) } },
  'AWS::Logs::MetricFilter': {},
  'AWS::Logs::ResourcePolicy': {},
  'AWS::S3::BucketPolicy': {},
  'AWS::SES::ConfigurationSet': { ref: (name) => `${name}-${stableId(name, 12)}` },
  'AWS::SES::ConfigurationSetEventDestination': {},
  'AWS::SNS::Subscription': {},
  'AWS::SNS::Topic': {
    ref: topicArn,
    attributes: { TopicArn: topicArn, TopicName: (name) => name },
  },
  'AWS::SNS::TopicPolicy': {},
  'AWS::SQS::QueuePolicy': {},
  'AWS::WAFv2::LoggingConfiguration': {},
  'Custom::S3AutoDeleteObjects': {},
};

/** What the runner knows of a type; undefined for one that it has never heard of. */
export function resourceType(type: string): ResourceType | undefined {
  return run[type] ?? skip[type];
}

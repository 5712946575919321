import type { SecretValue } from 'aws-cdk-lib';
import {
  CfnOutput,
  Duration,
  Fn,
  RemovalPolicy,
  Stack,
  type StackProps,
  Validations,
} from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import type { Construct } from 'constructs';
import type { Endpoint } from '../shared/contract/endpoint.ts';
import { webAppPolicy } from '../shared/http/page.ts';
import { type ApiStack, apiStageName } from './api-stack.ts';
import { assetOptions } from './assets.ts';
import { apiPathPatterns, originVerifyHeader, viewerRequestSource } from './edge.ts';

export interface WebStackProps extends StackProps {
  readonly endpoints: readonly Endpoint[];
  /** Folder of the built web app. */
  readonly web: string;
  readonly api: ApiStack;
  readonly originSecret: SecretValue;
  /** A domain of one's own needs a certificate in us-east-1. */
  readonly domain?: { readonly name: string; readonly certificateArn: string } | undefined;
}

/**
 * Errors that CloudFront would keep for ten seconds, `no-store` or not, and show to the next caller of
 * the path. It caches no other errors by default.
 */
const keptErrors = [404, 414, 500, 501, 502, 503, 504];

/** What browsers talk to: the web app and the API behind one address. */
export class WebStack extends Stack {
  constructor(scope: Construct, id: string, props: WebStackProps) {
    super(scope, id, props);
    const bucket = new Bucket(this, 'Site', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      lifecycleRules: [{ noncurrentVersionExpiration: Duration.days(30) }],
      removalPolicy: RemovalPolicy.RETAIN,
      // The class misses its own interface under exactOptionalPropertyTypes.
    }) as IBucket;
    Validations.of(bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'It holds the public web app only, and only CloudFront reads it.',
    });

    const patterns = apiPathPatterns(props.endpoints);
    const edge = new EdgeFunction(this, 'ViewerRequest', {
      code: FunctionCode.fromInline(viewerRequestSource(patterns)),
      runtime: FunctionRuntime.JS_2_0,
      comment: 'Viewer address, trailing slash, pages of the web app',
    });
    const everywhere = {
      compress: true,
      functionAssociations: [{ function: edge, eventType: FunctionEventType.VIEWER_REQUEST }],
    };
    const toApi: BehaviorOptions = {
      ...everywhere,
      origin: this.apiOrigin(props),
      // Never a redirect: a client that sent a token in the clear must notice.
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    };

    const distribution = new Distribution(this, 'Distribution', {
      comment: this.stackName,
      httpVersion: HttpVersion.HTTP2_AND_3,
      ...(props.domain && {
        domainNames: [props.domain.name],
        minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
        certificate: Certificate.fromCertificateArn(
          this,
          'Certificate',
          props.domain.certificateArn,
        ),
      }),
      defaultBehavior: {
        ...everywhere,
        origin: S3BucketOrigin.withOriginAccessControl(bucket),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        responseHeadersPolicy: this.siteHeaders(),
      },
      errorResponses: keptErrors.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
      additionalBehaviors: Object.fromEntries(patterns.map((pattern) => [pattern, toApi])),
    });
    acknowledgeDistribution(distribution);
    this.deploySite(bucket, distribution, props.web);
    new CfnOutput(this, 'Url', {
      value: `https://${props.domain?.name ?? distribution.distributionDomainName}`,
    });
  }

  private apiOrigin({ api, originSecret }: WebStackProps): HttpOrigin {
    return new HttpOrigin(
      Fn.join('', [api.api.restApiId, '.execute-api.', this.region, '.', this.urlSuffix]),
      {
        originPath: `/${apiStageName}`,
        // A stream may be silent for as long as its filters let nothing pass.
        readTimeout: Duration.seconds(120),
        protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
        customHeaders: { [originVerifyHeader]: originSecret.unsafeUnwrap() },
      },
    );
  }

  private siteHeaders(): ResponseHeadersPolicy {
    const override = true;
    return new ResponseHeadersPolicy(this, 'SiteHeaders', {
      comment: 'Security headers of the web app',
      securityHeadersBehavior: {
        contentSecurityPolicy: { contentSecurityPolicy: webAppPolicy, override },
        contentTypeOptions: { override },
        frameOptions: { frameOption: HeadersFrameOption.DENY, override },
        referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override },
        strictTransportSecurity: {
          accessControlMaxAge: Duration.days(365),
          includeSubdomains: true,
          override,
        },
      },
    });
  }

  private deploySite(bucket: IBucket, distribution: Distribution, folder: string): void {
    new BucketDeployment(this, 'SiteFiles', {
      sources: [Source.asset(folder, assetOptions(this, folder))],
      destinationBucket: bucket,
      cacheControl: [CacheControl.fromString('public, max-age=300')],
      distribution,
      distributionPaths: ['/*'],
      logGroup: new LogGroup(this, 'SiteFilesLogs', { retention: RetentionDays.ONE_MONTH }),
    });
    acknowledgeBucketDeployment(this, bucket);
  }
}

function acknowledgeDistribution(distribution: Distribution): void {
  Validations.of(distribution).acknowledge(
    { id: 'AwsSolutions-CFR1', reason: 'Buyers on AWS Marketplace come from any country.' },
    {
      id: 'AwsSolutions-CFR2',
      reason: 'The web ACL is on the API; the rest is public static files.',
    },
    {
      id: 'AwsSolutions-CFR3',
      reason:
        'These logs record query strings, in which older clients send registration tokens; the API logs its requests.',
    },
    {
      id: 'AwsSolutions-CFR4',
      reason:
        'With its own domain the minimum is TLS 1.2; the domain that CloudFront lends has no setting for it.',
    },
  );
}

/** The function that copies the site into the bucket, its role and its runtime are those of the CDK. */
function acknowledgeBucketDeployment(stack: Stack, bucket: IBucket): void {
  const copier = stack.node.children.find(({ node }) =>
    node.id.startsWith('Custom::CDKBucketDeployment'),
  );
  if (!copier)
    throw new Error('The CDK names the function behind BucketDeployment differently now');

  const bucketId = stack.resolve(bucket.bucketArn)['Fn::GetAtt'][0];
  const assets = 'arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>';
  const objectActions = [
    's3:GetObject*',
    's3:GetBucket*',
    's3:List*',
    's3:DeleteObject*',
    's3:Abort*',
  ];
  const acknowledge = (reason: string, ...ids: string[]) =>
    Validations.of(copier).acknowledge(...ids.map((id) => ({ id, reason })));

  acknowledge(
    'The CDK chooses runtime, memory and policy of this function; it runs at deployments only.',
    'AwsSolutions-L1',
    'Serverless-LambdaLatestVersion',
    'Serverless-LambdaTracing',
    'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
  );
  acknowledge(
    'CloudFormation waits for it and fails the deployment with it.',
    'Serverless-LambdaDLQ',
  );
  acknowledge(
    'It copies whole folders: every object of the assets to every object of the site, in these two buckets.',
    ...objectActions.map((action) => `AwsSolutions-IAM5[Action::${action}]`),
    `AwsSolutions-IAM5[Resource::${assets}/*]`,
    `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/*]`,
  );
  acknowledge(
    'Its invalidation of CloudFront is granted by the CDK on all distributions.',
    'AwsSolutions-IAM5[Resource::*]',
  );
}

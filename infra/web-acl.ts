import type { SecretValue } from 'aws-cdk-lib';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { forbidden } from '../shared/contract/core-errors.ts';
import { problemType } from '../shared/contract/errors.ts';
import { originVerifyHeader, viewerAddressHeader } from './edge.ts';

/** Requests that one viewer address may make in five minutes. */
const requestsPerFiveMinutes = 2000;

/** Lets only our own CloudFront distribution reach the API, and no viewer flood it. */
export class WebAcl extends Construct {
  readonly metricName = 'TenantryApi';

  constructor(
    scope: Construct,
    id: string,
    props: { stageArn: string; originSecret: SecretValue },
  ) {
    super(scope, id);
    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: this.visibility(this.metricName),
      customResponseBodies: {
        forbidden: { contentType: 'APPLICATION_JSON', content: forbiddenBody() },
      },
      rules: [
        {
          name: 'only-through-cloudfront',
          priority: 0,
          action: {
            block: { customResponse: { responseCode: 403, customResponseBodyKey: 'forbidden' } },
          },
          visibilityConfig: this.visibility('TenantryOrigin'),
          statement: {
            notStatement: {
              statement: {
                byteMatchStatement: {
                  fieldToMatch: { singleHeader: { Name: originVerifyHeader } },
                  positionalConstraint: 'EXACTLY',
                  searchString: props.originSecret.unsafeUnwrap(),
                  textTransformations: [{ priority: 0, type: 'NONE' }],
                },
              },
            },
          },
        },
        {
          name: 'rate-per-viewer',
          priority: 1,
          // Answered by the gateway's WAF_FILTERED response, which can be problem details; WAF's own cannot.
          action: { block: {} },
          visibilityConfig: this.visibility('TenantryRate'),
          statement: {
            rateBasedStatement: {
              limit: requestsPerFiveMinutes,
              evaluationWindowSec: 300,
              aggregateKeyType: 'FORWARDED_IP',
              forwardedIpConfig: { headerName: viewerAddressHeader, fallbackBehavior: 'MATCH' },
            },
          },
        },
      ],
    });
    new CfnWebACLAssociation(this, 'Association', {
      webAclArn: acl.attrArn,
      resourceArn: props.stageArn,
    });
  }

  private visibility(metricName: string): CfnWebACL.VisibilityConfigProperty {
    return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false };
  }
}

function forbiddenBody(): string {
  const { status, title, code } = forbidden;
  const detail = 'The API answers only at the address of its web site.';
  return JSON.stringify({
    type: problemType(code),
    title,
    status,
    detail,
    code,
    request_id: '',
  });
}

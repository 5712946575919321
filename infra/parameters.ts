import { CfnParameter } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { channels } from '../shared/channels/channels.ts';
import type { Stage } from './stage.ts';

/** How much the functions of a stack log. */
export function logLevelParameter(scope: Construct): CfnParameter {
  return new CfnParameter(scope, 'LogLevel', {
    default: 'INFO',
    allowedValues: ['DEBUG', 'INFO', 'WARN', 'ERROR'],
    description: 'Level from which on functions log',
  });
}

/** Settings of the API's functions that a deployment changes without a change of code. */
export function apiParameters(scope: Construct, stage: Stage) {
  const value = (id: string, props: ConstructorParameters<typeof CfnParameter>[2]) =>
    new CfnParameter(scope, id, props).valueAsString;
  return {
    logLevel: logLevelParameter(scope).valueAsString,
    limitsMultiplier: value('LimitsMultiplier', {
      default: '1',
      allowedPattern: '[1-9][0-9]*([.][0-9]+)?|0[.][0-9]*[1-9][0-9]*',
      description: 'Scales every limit of the product; above 0',
    }),
    productCodes: value('ProductCodes', {
      default: 'tenantry-demo',
      minLength: 1,
      description:
        'Codes of the AWS Marketplace products that this deployment sells, separated by commas',
    }),
    supportEmail: value('SupportEmail', {
      default: 'support@example.com',
      allowedPattern: '[^@\\s]+@[^@\\s]+',
      description: 'Where pages send buyers who need help',
    }),
    tokenIssuer: value('TokenIssuer', {
      default: `urn:tenantry:${stage}`,
      minLength: 1,
      description: 'Issuer (iss) of access tokens',
    }),
    // No deployment can switch it on: webhooks of tenants would reach into the vendor's network.
    webhookAllowPrivate:
      stage === 'local'
        ? value('WebhookAllowPrivate', {
            default: 'true',
            allowedValues: ['true', 'false'],
            description: 'Whether webhooks may have private addresses, http and any port',
          })
        : 'false',
    marketplaceRegion: value('MarketplaceRegion', {
      default: 'us-east-1',
      description: 'Region of the AWS Marketplace APIs',
    }),
    /** By marketplace: `OzonUrl`, `WildberriesUrl`. */
    channelUrls: Object.fromEntries(
      Object.values(channels).map(({ marketplace, defaultUrl }) => [
        marketplace,
        value(`${marketplace.charAt(0).toUpperCase()}${marketplace.slice(1)}Url`, {
          default: defaultUrl,
          // Keys travel there: in the clear only within one machine.
          allowedPattern: `${stage === 'local' ? 'https?' : 'https'}://[^\\s]+[^/\\s]`,
          description: `Where the API of ${marketplace} is; {host} stands for the host of a category`,
        }),
      ]),
    ) as Record<string, string>,
  };
}

export type ApiParameters = ReturnType<typeof apiParameters>;

import type { Setting } from '../contract/settings.ts';

/** Defaults of a deployment for trying it out; `prod` has none. */
const demo = { supportEmail: 'support@example.com' } as const;
const emailPattern = '[^@\\s]+@[^@\\s]+';

export const supportEmail: Setting = {
  variable: 'SUPPORT_EMAIL',
  description: 'Where pages send buyers who need help',
  value: {
    parameter: (stage) =>
      stage === 'prod'
        ? {
            allowedPattern: `(?!${demo.supportEmail.replaceAll('.', '[.]')}$)${emailPattern}`,
            constraintDescription: 'must be an address at which you answer buyers',
          }
        : { default: demo.supportEmail, allowedPattern: emailPattern },
  },
};

/** Calls of AWS Marketplace count only in the account that published the product. */
export const sellerRoleArn: Setting = {
  variable: 'SELLER_ROLE_ARN',
  description:
    'Role to call AWS Marketplace by, where another AWS account is the seller; none: this account is',
  value: {
    parameter: () => ({
      default: 'none',
      allowedPattern: 'none|arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+',
      constraintDescription: 'must be the ARN of a role, or none',
    }),
  },
};

export const marketplaceRegion: Setting = {
  variable: 'MARKETPLACE_REGION',
  description: 'Region of the AWS Marketplace APIs',
  value: { parameter: () => ({ default: 'us-east-1' }) },
};

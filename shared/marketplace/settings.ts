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

export const marketplaceRegion: Setting = {
  variable: 'MARKETPLACE_REGION',
  description: 'Region of the AWS Marketplace APIs',
  value: { parameter: () => ({ default: 'us-east-1' }) },
};

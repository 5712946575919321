import type { Setting } from '../contract/settings.ts';

const addressOrNone = '([^@\\s<>"]+@[^@\\s<>"]+)?';

/** Stages on one machine and in tests send mail, to a mailbox of their own. */
const isTrial = (stage: string) => stage === 'local' || stage === 'test';

export const mailFrom: Setting = {
  variable: 'MAIL_FROM',
  description: 'Address that mail is sent from, of an identity in SES; empty: no mail is sent',
  value: {
    parameter: (stage) => ({
      default: isTrial(stage) ? 'no-reply@tenantry.example' : '',
      allowedPattern: addressOrNone,
      constraintDescription: 'must be an address, or empty to send no mail',
    }),
  },
};

export const mailName: Setting = {
  variable: 'MAIL_NAME',
  description: 'What mail calls the product, and its sender',
  value: {
    parameter: () => ({
      default: 'Tenantry',
      allowedPattern: "[A-Za-z0-9][A-Za-z0-9 .&'-]{0,63}",
      constraintDescription: 'must be letters, digits and spaces, at most 64',
    }),
  },
};

export const publicUrl: Setting = {
  variable: 'PUBLIC_URL',
  description: 'Where people reach the web app, for links in mail; empty: mail has no links',
  value: {
    parameter: (stage) => ({
      default: isTrial(stage) ? 'http://localhost:3000' : '',
      allowedPattern: isTrial(stage)
        ? '(https?://[A-Za-z0-9.:-]+)?'
        : '(https://[A-Za-z0-9.-]+(:[0-9]+)?)?',
      constraintDescription: 'must be https:// and a host, without a path',
    }),
  },
};

export const operatorEmail: Setting = {
  variable: 'OPERATOR_EMAIL',
  description: 'Who gets mail about what an operator should look at; empty: no such mail',
  value: {
    parameter: (stage) => ({
      default: isTrial(stage) ? 'operator@tenantry.example' : '',
      allowedPattern: addressOrNone,
      constraintDescription: 'must be an address, or empty',
    }),
  },
};

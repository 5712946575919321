import * as z from 'zod/mini';
import type { BackgroundFunction } from '../contract/background.ts';
import { notFound, versionConflict } from '../contract/core-errors.ts';
import { bearer, defineEndpoint, type Needs, roles } from '../contract/endpoint.ts';
import {
  CompanyName,
  Email,
  NewPassword,
  SubscriptionPlan,
  TenantId,
  TenantStatus,
  Timestamp,
  TokenResponse,
} from '../contract/schemas.ts';
import { emailTaken } from '../identity/errors.ts';
import { emailPartition, userPartition } from '../identity/keys.ts';
import { registerPerAccount, registerPerAddress, registerPerTenant } from '../identity/limits.ts';
import { welcome } from '../identity/mails.ts';
import { signingKeysSecret } from '../identity/secrets.ts';
import { tokenIssuer } from '../identity/settings.ts';
import { limitPartition } from '../limits/keys.ts';
import { operatorOutbox, outboxPartition } from '../mail/keys.ts';
import { mailQueue } from '../mail/queues.ts';
import { meteredPartition, usagePartition } from '../metering/keys.ts';
import { finalUsage } from '../metering/queue.ts';
import { Tenant } from '../tenants/contract.ts';
import { tenantSuspended } from '../tenants/errors.ts';
import { tenantPartition } from '../tenants/keys.ts';
import * as audits from './audit.ts';
import {
  expiredRegistrationToken,
  invalidRegistrationToken,
  invalidTicket,
  licenseLinked,
  marketplaceMisconfigured,
  marketplaceUnavailable,
  profileCompleted,
  wrongProduct,
} from './errors.ts';
import { agreementPartition, dueEntitlements, licensePartition, parkedAgreements } from './keys.ts';
import { linkPerTenant, marketplacePerAddress } from './limits.ts';
import { subscriptionEnded, welcomePending } from './mails.ts';
import { agreementEvents } from './queue.ts';
import * as settings from './settings.ts';
import { standingMails } from './standing-mails.ts';

export const Registration = z
  .strictObject({ tenant_id: TenantId, status: TenantStatus, registration_ticket: z.string() })
  .register(z.globalRegistry, { id: 'Registration' });

const LicenseStatus = z.enum(['PENDING', 'ACTIVE', 'ENDED']);

/** A license as members see it. */
export const License = z
  .strictObject({
    license_arn: z.nullable(z.string()),
    agreement_id: z.nullable(z.string()),
    product_code: z.string(),
    status: LicenseStatus,
    is_free_trial: z.boolean(),
    started_at: z.nullable(Timestamp),
    ends_at: z.nullable(Timestamp),
  })
  .register(z.globalRegistry, { id: 'License' });

const registrationNeeds = {
  table: [
    [tenantPartition, ['GetItem', 'PutItem']],
    [licensePartition, ['GetItem', 'UpdateItem']],
    [agreementPartition, ['Query', 'UpdateItem']],
    [outboxPartition, ['PutItem']],
    [meteredPartition, ['UpdateItem']],
    [limitPartition, ['UpdateItem']],
  ],
  audits: [audits.tenantRegistered],
  secrets: [signingKeysSecret],
  settings: [settings.supportEmail, settings.marketplaceRegion, tokenIssuer],
  actions: ['aws-marketplace:ResolveCustomer', 'aws-marketplace:GetEntitlements'],
  assumes: [settings.sellerRoleArn],
  timeoutSeconds: 20,
} as const satisfies Needs;

const registrationErrors = [
  invalidRegistrationToken,
  expiredRegistrationToken,
  wrongProduct,
  marketplaceUnavailable,
  marketplaceMisconfigured,
] as const;

const RegistrationToken = z
  .string()
  .check(z.minLength(1, 'is empty'), z.maxLength(8192, 'is longer than 8192 characters'));

export const register = defineEndpoint({
  id: 'marketplace/register',
  method: 'POST',
  paths: ['/marketplace/register'],
  tag: 'marketplace',
  summary: 'The fulfilment URL of the AWS Marketplace product',
  description:
    "AWS Marketplace sends the buyer's browser here. The token is resolved at once; the purchase becomes a tenant, or finds the one it already has. Browsers are sent on to the welcome page, callers that accept JSON get the registration ticket.",
  access: { kind: 'public' },
  // AWS may add form fields at any time, so unknown ones are accepted here alone.
  body: z
    .looseObject({
      'x-amzn-marketplace-token': RegistrationToken,
      'x-amzn-marketplace-offer-type': z.optional(z.string().check(z.maxLength(64))),
    })
    .register(z.globalRegistry, {
      example: { 'x-amzn-marketplace-token': 'the token of AWS Marketplace' },
    }),
  bodyTypes: ['application/x-www-form-urlencoded', 'application/json'],
  responses: {
    200: { description: 'For callers that accept JSON', schema: Registration },
    303: { description: 'To the welcome page, the ticket in the fragment' },
  },
  errors: registrationErrors,
  limits: [marketplacePerAddress],
  page: true,
  ...registrationNeeds,
});

export const registerByLink = defineEndpoint({
  id: 'marketplace/register-by-link',
  method: 'GET',
  paths: ['/marketplace/register'],
  tag: 'marketplace',
  summary: 'Register with the token in the query (older contract)',
  description: 'Without a token it shows how to come back from AWS Marketplace.',
  access: { kind: 'public' },
  // Whatever else a bookmark or a link checker carries is ignored.
  query: z.looseObject({
    token: z.optional(RegistrationToken),
    'x-amzn-marketplace-token': z.optional(RegistrationToken),
  }),
  responses: {
    200: {
      description: 'The registration, or without a token a page for people',
      schema: Registration,
    },
  },
  errors: registrationErrors,
  limits: [marketplacePerAddress],
  page: true,
  ...registrationNeeds,
});

export const completeProfile = defineEndpoint({
  id: 'marketplace/complete-profile',
  method: 'POST',
  paths: ['/marketplace/complete-profile'],
  tag: 'marketplace',
  summary: 'Complete the profile of a new tenant',
  description:
    'Creates the owner and activates the tenant in one transaction. Only the registration ticket authorises; `tenant_id` may be sent as older clients do and must then match it.',
  access: { kind: 'ticket' },
  body: z
    .strictObject({
      registration_ticket: z.string().check(z.minLength(1), z.maxLength(4096)),
      email: Email,
      password: NewPassword,
      company_name: z.optional(CompanyName),
      tenant_id: z.optional(z.string().check(z.maxLength(64))),
    })
    .register(z.globalRegistry, {
      example: {
        registration_ticket: 'the registration_ticket of the registration',
        email: 'owner@example.com',
        password: 'correct horse battery',
        company_name: 'Example Ltd',
      },
    }),
  responses: {
    200: {
      description: 'The owner is signed in',
      schema: z
        .extend(TokenResponse, { tenant_id: TenantId, status: TenantStatus })
        .register(z.globalRegistry, {
          id: 'CompletedProfile',
        }),
    },
  },
  errors: [invalidTicket, notFound, emailTaken, profileCompleted, tenantSuspended],
  limits: [registerPerAddress, registerPerAccount, registerPerTenant],
  table: [
    [tenantPartition, ['GetItem', 'PutItem', 'UpdateItem']],
    [userPartition, ['PutItem']],
    [emailPartition, ['PutItem']],
    [limitPartition, ['UpdateItem']],
  ],
  mails: [welcome, welcomePending, subscriptionEnded],
  audits: [audits.profileCompleted],
  secrets: [signingKeysSecret],
  settings: [settings.supportEmail, tokenIssuer],
  native: ['@node-rs/bcrypt'],
  memoryMb: 1769,
});

export const linkLicense = defineEndpoint({
  id: 'marketplace/link',
  method: 'POST',
  paths: ['/marketplace/link'],
  tag: 'marketplace',
  summary: 'Link a purchase to a tenant that exists',
  description:
    'A buyer who has an account already signs in and attaches the new license to their tenant. The ticket proves the purchase, the access token says who they are; both are needed. The same ticket again changes nothing.',
  access: bearer(['owner'], { anyStatus: true }),
  body: z
    .strictObject({ registration_ticket: z.string().check(z.minLength(1), z.maxLength(4096)) })
    .register(z.globalRegistry, {
      example: { registration_ticket: 'the registration_ticket of the registration' },
    }),
  responses: {
    200: {
      description: 'The tenant with its licenses',
      schema: z
        .extend(Tenant, { licenses: z.array(License) })
        .register(z.globalRegistry, { id: 'LicensedTenant' }),
    },
  },
  errors: [invalidTicket, licenseLinked, versionConflict],
  limits: [linkPerTenant],
  table: [
    [tenantPartition, ['BatchGetItem', 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query']],
    [licensePartition, ['GetItem', 'UpdateItem']],
    [agreementPartition, ['UpdateItem']],
    [meteredPartition, ['UpdateItem']],
    [limitPartition, ['UpdateItem']],
  ],
  mails: standingMails,
  audits: [audits.licenseLinked, audits.standingChanged],
  secrets: [signingKeysSecret],
  settings: [tokenIssuer],
});

/** What happens next of a subscription. */
const nextSteps = ['activates', 'trial_ends', 'renews', 'ends', 'cancellation_requested'] as const;
export type NextStep = (typeof nextSteps)[number];

export const getSubscription = defineEndpoint({
  id: 'marketplace/subscription',
  method: 'GET',
  paths: ['/api/v1/subscription'],
  tag: 'subscription',
  summary: 'The subscription of the tenant',
  description:
    'What was bought, what it entitles to now, what was used of each metered dimension this month (UTC), those with 0 too, and what happens next; `at` is null for what may happen at any moment.',
  access: bearer(roles, { anyStatus: true }),
  responses: {
    200: {
      description: 'The subscription',
      schema: z
        .strictObject({
          status: TenantStatus,
          plan: z.nullable(SubscriptionPlan),
          licenses: z.array(License),
          entitlements: z.array(
            z.strictObject({
              license_arn: z.nullable(z.string()),
              dimension: z.string(),
              value: z.union([z.number(), z.boolean(), z.string()]),
              expires_at: z.nullable(Timestamp),
            }),
          ),
          usage: z.array(
            z.strictObject({
              dimension: z.string(),
              quantity: z.int().check(z.minimum(0)),
              period_start: Timestamp,
              period_end: Timestamp,
            }),
          ),
          next: z.nullable(z.strictObject({ what: z.enum(nextSteps), at: z.nullable(Timestamp) })),
        })
        .register(z.globalRegistry, { id: 'Subscription' }),
    },
  },
  readsAhead: true,
  table: [
    [tenantPartition, ['GetItem', 'Query']],
    [usagePartition, ['Query']],
  ],
});

/** Takes what AWS Marketplace tells of agreements and licenses. */
export const takeAgreementEvents: BackgroundFunction = {
  id: 'marketplace/take-events',
  summary: 'Keeps what AWS Marketplace tells of agreements, and applies it to tenants',
  queue: agreementEvents,
  table: [
    [agreementPartition, ['GetItem', 'PutItem', 'Query', 'UpdateItem']],
    [licensePartition, ['GetItem', 'UpdateItem']],
    [tenantPartition, ['GetItem', 'PutItem', 'Query', 'UpdateItem']],
    [meteredPartition, ['UpdateItem']],
  ],
  mails: standingMails,
  audits: [audits.standingChanged],
  actions: [
    'aws-marketplace:DescribeAgreement',
    'aws-marketplace:GetAgreementTerms',
    'aws-marketplace:GetEntitlements',
  ],
  settings: [settings.marketplaceRegion],
  assumes: [settings.sellerRoleArn],
  queues: [finalUsage],
  timeoutSeconds: 60,
};

/** Keeps up to date what licenses entitle to: each is asked for once a day, and when something expires. */
export const refreshEntitlements: BackgroundFunction = {
  id: 'marketplace/refresh-entitlements',
  summary: 'Asks AWS Marketplace for what is due of the entitlements of licenses',
  schedule: 'rate(15 minutes)',
  table: [
    [dueEntitlements, ['Query']],
    [licensePartition, ['UpdateItem']],
    [tenantPartition, ['GetItem', 'Query', 'UpdateItem']],
  ],
  mails: standingMails,
  audits: [audits.standingChanged],
  actions: ['aws-marketplace:GetEntitlements'],
  settings: [settings.marketplaceRegion],
  assumes: [settings.sellerRoleArn],
  timeoutSeconds: 300,
};

/** Tells the operator of events that no registration came for. */
export const alertParkedEvents: BackgroundFunction = {
  id: 'marketplace/alert-parked',
  summary: 'Tells the operator of purchases for which no buyer has registered',
  schedule: 'rate(1 hour)',
  table: [
    [parkedAgreements, ['Query']],
    [operatorOutbox, ['PutItem']],
  ],
  queues: [mailQueue],
};

export const stubRegister = defineEndpoint({
  id: 'marketplace/stub-register',
  method: 'POST',
  paths: ['/dev/stub-register'],
  tag: 'dev',
  summary: 'A registered tenant without AWS Marketplace',
  access: { kind: 'public' },
  responses: { 201: { description: 'A tenant that waits for its profile', schema: Registration } },
  localOnly: true,
  table: [
    [tenantPartition, ['GetItem', 'PutItem']],
    [licensePartition, ['GetItem', 'UpdateItem']],
    [agreementPartition, ['GetItem', 'PutItem', 'Query', 'UpdateItem']],
    [meteredPartition, ['UpdateItem']],
  ],
  audits: [audits.tenantRegistered],
  mails: standingMails,
  queues: [finalUsage],
  secrets: [signingKeysSecret],
  settings: [settings.supportEmail, tokenIssuer],
});

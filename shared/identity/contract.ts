import * as z from 'zod/mini';
import { auditNobodyPartition } from '../audit/keys.ts';
import { bearer, defineEndpoint, roles } from '../contract/endpoint.ts';
import {
  CompanyName,
  Email,
  NewPassword,
  OfferedPassword,
  TenantId,
  TokenResponse,
} from '../contract/schemas.ts';
import { limitPartition } from '../limits/keys.ts';
import { tenantSuspended } from '../tenants/errors.ts';
import { signUpMembers } from '../tenants/extension-members.ts';
import { tenantPartition } from '../tenants/keys.ts';
import * as audits from './audit.ts';
import { emailTaken, invalidCredentials, invalidRefreshToken } from './errors.ts';
import { emailPartition, userPartition } from './keys.ts';
import {
  loginPerAccount,
  loginPerAccountAndAddress,
  loginPerAddress,
  loginPerTenant,
  refreshPerAccount,
  refreshPerAddress,
  refreshPerTenant,
  registerPerAccount,
  registerPerAddress,
} from './limits.ts';
import { welcome } from './mails.ts';
import { signingKeysSecret } from './secrets.ts';
import { tokenIssuer } from './settings.ts';

export const register = defineEndpoint({
  id: 'auth/register',
  method: 'POST',
  paths: ['/api/v1/auth/register'],
  tag: 'auth',
  summary: 'Sign up without AWS Marketplace',
  description: 'Creates a tenant on the FREE plan with its owner, and signs the owner in.',
  access: { kind: 'public' },
  body: z
    .strictObject({
      email: Email,
      password: NewPassword,
      company_name: CompanyName,
      ...signUpMembers,
    })
    .register(z.globalRegistry, {
      example: {
        email: 'owner@example.com',
        password: 'correct horse battery',
        company_name: 'Example Ltd',
      },
    }),
  responses: {
    201: { description: 'The tenant exists and its owner is signed in', schema: TokenResponse },
  },
  errors: [emailTaken],
  limits: [registerPerAddress, registerPerAccount],
  table: [
    [tenantPartition, ['PutItem']],
    [userPartition, ['PutItem']],
    [emailPartition, ['PutItem']],
    [limitPartition, ['UpdateItem']],
  ],
  mails: [welcome],
  audits: [audits.signedUp],
  secrets: [signingKeysSecret],
  settings: [tokenIssuer],
  native: ['@node-rs/bcrypt'],
  memoryMb: 1769,
});

export const login = defineEndpoint({
  id: 'auth/login',
  method: 'POST',
  paths: ['/api/v1/auth/login', '/auth/login'],
  tag: 'auth',
  summary: 'Sign in',
  description:
    'Answers 401 in the same words and the same time whether the email is unknown, the password is wrong or the account is locked for a while.',
  access: { kind: 'public' },
  body: z
    .strictObject({ email: Email, password: OfferedPassword, tenant_id: z.optional(TenantId) })
    .register(z.globalRegistry, {
      example: { email: 'owner@example.com', password: 'correct horse battery' },
    }),
  responses: { 200: { description: 'Signed in', schema: TokenResponse } },
  errors: [invalidCredentials],
  limits: [loginPerAddress, loginPerAccountAndAddress, loginPerAccount, loginPerTenant],
  table: [
    [tenantPartition, ['GetItem']],
    [userPartition, ['PutItem']],
    [emailPartition, ['Query', 'UpdateItem', 'PutItem']],
    [limitPartition, ['UpdateItem', 'DeleteItem', 'ConditionCheckItem']],
    [auditNobodyPartition, ['PutItem']],
  ],
  audits: [audits.signedIn, audits.signInRefused],
  secrets: [signingKeysSecret],
  settings: [tokenIssuer],
  native: ['@node-rs/bcrypt'],
  memoryMb: 1769,
});

export const refresh = defineEndpoint({
  id: 'auth/refresh',
  method: 'POST',
  paths: ['/api/v1/auth/refresh'],
  tag: 'auth',
  summary: 'Exchange a refresh token for new tokens',
  description:
    'A refresh token works once. The same token again within 10 seconds returns the same successor; later it revokes the whole session.',
  access: { kind: 'public' },
  body: z
    .strictObject({ refresh_token: z.string().check(z.minLength(1), z.maxLength(512)) })
    .register(z.globalRegistry, {
      example: { refresh_token: 'the refresh_token of the last answer' },
    }),
  responses: { 200: { description: 'New tokens', schema: TokenResponse } },
  errors: [invalidRefreshToken, tenantSuspended],
  limits: [refreshPerAddress, refreshPerAccount, refreshPerTenant],
  table: [
    [tenantPartition, ['BatchGetItem']],
    [userPartition, ['BatchGetItem', 'UpdateItem']],
    [limitPartition, ['UpdateItem']],
  ],
  audits: [audits.refreshTokenReused, audits.refreshRefused],
  secrets: [signingKeysSecret],
  settings: [tokenIssuer],
});

export const logout = defineEndpoint({
  id: 'auth/logout',
  method: 'POST',
  paths: ['/api/v1/auth/logout'],
  tag: 'auth',
  summary: 'Sign out everywhere',
  description:
    'Revokes every session of the user: refresh at once, access tokens within 60 seconds.',
  access: bearer(roles, { anyStatus: true }),
  responses: {
    200: {
      description: 'Signed out',
      schema: z.strictObject({ message: z.literal('Logged out successfully') }),
    },
  },
  table: [[tenantPartition, ['UpdateItem']]],
  audits: [audits.signedOut],
});

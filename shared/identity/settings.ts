import type { Setting } from '../contract/settings.ts';

export const tokenIssuer: Setting = {
  variable: 'TOKEN_ISSUER',
  description: 'Issuer (iss) of access tokens',
  value: { parameter: (stage) => ({ default: `urn:tenantry:${stage}`, minLength: 1 }) },
};

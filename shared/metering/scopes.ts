import type { ApiKeyScope } from '../api-keys/scopes.ts';

/** Not a default scope: what has it can make the tenant pay. */
export const usageWrite: ApiKeyScope = {
  name: 'usage:write',
  description: 'Report usage of what is sold by use',
};

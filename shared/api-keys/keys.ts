import { type ItemKind, type Key, type KeyFamily, part, tenantPrefix } from '../table/family.ts';

export const apiKeyPartition: KeyFamily = { name: 'apiKeyPartition', pattern: 'APIKEY#*' };

export const apiKeyKeys = {
  apiKey: (tenantId: string, keyId: string): Key => ({
    pk: tenantPrefix(tenantId),
    sk: `APIKEY#${part(keyId)}`,
  }),
  apiKeyRegister: (tenantId: string): Key => ({ pk: tenantPrefix(tenantId), sk: 'APIKEYS' }),
  /** Where all API keys of a tenant are. */
  apiKeysOf: (tenantId: string) => ({ pk: tenantPrefix(tenantId), prefix: 'APIKEY#' }),
  apiKeyLookup: (keyHash: string): Key => ({ pk: `APIKEY#${part(keyHash)}`, sk: 'APIKEY' }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  { what: 'API key of a tenant', pk: 'TENANT#<tenant>', sk: 'APIKEY#<key>' },
  { what: "revision of a tenant's API keys", pk: 'TENANT#<tenant>', sk: 'APIKEYS' },
  { what: 'API key → tenant', pk: 'APIKEY#<hash>', sk: 'APIKEY' },
];

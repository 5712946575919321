import { type ItemKind, type Key, type KeyFamily, part, tenantPrefix } from '../table/family.ts';

export const sealedCredentials: KeyFamily = {
  name: 'sealedCredentials',
  pattern: 'CREDENTIALS#SEALED',
  isIndex: true,
};
export const tokenBucketPartition: KeyFamily = {
  name: 'tokenBucketPartition',
  pattern: 'SELLERLIMIT#*',
};

const sealed = sealedCredentials.pattern;

export const channelKeys = {
  credential: (tenantId: string, marketplace: string): Key => ({
    pk: tenantPrefix(tenantId),
    sk: `CREDENTIAL#${part(marketplace)}`,
  }),
  /** Where all seller credentials of a tenant are. */
  credentialsOf: (tenantId: string) => ({ pk: tenantPrefix(tenantId), prefix: 'CREDENTIAL#' }),
  /** Place of a tenant's credentials in the series index, by when they were sealed. */
  credentialSeries: (sealedAt: string, tenantId: string, marketplace: string) => ({
    series_pk: sealed,
    series_sk: `${part(sealedAt)}#${part(tenantId)}#${part(marketplace)}`,
  }),
  /** Where the credentials of all tenants are in the series index. */
  sealedCredentials: (): string => sealed,
  channelLimit: (marketplace: string, account: string, category: string): Key => ({
    pk: `SELLERLIMIT#${part(marketplace)}#${part(account)}#${part(category)}`,
    sk: 'BUCKET',
  }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  {
    what: 'seller credentials of a tenant',
    pk: 'TENANT#<tenant>',
    sk: 'CREDENTIAL#<marketplace>',
    series: 'CREDENTIALS#SEALED / <sealed at>#<tenant>#<marketplace>',
  },
  {
    what: 'token bucket of a seller account',
    pk: 'SELLERLIMIT#<marketplace>#<account hash>#<category>',
    sk: 'BUCKET',
  },
];

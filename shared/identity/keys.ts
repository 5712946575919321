import {
  type ItemKind,
  type Key,
  type KeyFamily,
  part,
  tenantPattern,
  tenantPrefix,
} from '../table/family.ts';

export const userPartition: KeyFamily = {
  name: 'userPartition',
  pattern: `${tenantPattern}#USER#*`,
};
export const emailPartition: KeyFamily = { name: 'emailPartition', pattern: 'EMAIL#*' };

/** Prefix of the members in the partition of their tenant. */
export const memberPrefix = 'MEMBER#';

export const identityKeys = {
  member: (tenantId: string, userId: string): Key => ({
    pk: tenantPrefix(tenantId),
    sk: `${memberPrefix}${part(userId)}`,
  }),
  session: (tenantId: string, userId: string, sessionId: string): Key => ({
    pk: `${tenantPrefix(tenantId)}#USER#${part(userId)}`,
    sk: `SESSION#${part(sessionId)}`,
  }),
  identity: (emailHash: string): Key => ({ pk: `EMAIL#${part(emailHash)}`, sk: 'IDENTITY' }),
  membership: (emailHash: string, tenantId: string): Key => ({
    pk: `EMAIL#${part(emailHash)}`,
    sk: tenantPrefix(tenantId),
  }),
  knownAddress: (emailHash: string, address: string): Key => ({
    pk: `EMAIL#${part(emailHash)}`,
    sk: `ADDRESS#${part(address)}`,
  }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  { what: 'member of a tenant', pk: 'TENANT#<tenant>', sk: 'MEMBER#<user>' },
  { what: 'session of a member', pk: 'TENANT#<tenant>#USER#<user>', sk: 'SESSION#<session>' },
  { what: 'identity (password)', pk: 'EMAIL#<hash>', sk: 'IDENTITY' },
  { what: 'membership of an identity', pk: 'EMAIL#<hash>', sk: 'TENANT#<tenant>' },
  { what: 'address an account signed in from', pk: 'EMAIL#<hash>', sk: 'ADDRESS#<address>' },
];

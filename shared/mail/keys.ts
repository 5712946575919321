import {
  type ItemKind,
  type Key,
  type KeyFamily,
  part,
  tenantPattern,
  tenantPrefix,
} from '../table/family.ts';

export const outboxPartition: KeyFamily = {
  name: 'outboxPartition',
  pattern: `${tenantPattern}#MAIL`,
};
export const operatorOutbox: KeyFamily = { name: 'operatorOutbox', pattern: 'OPERATOR#MAIL' };
export const dueMails: KeyFamily = { name: 'dueMails', pattern: 'MAIL-DUE#*', isIndex: true };
export const mailAddresses: KeyFamily = { name: 'mailAddresses', pattern: 'MAIL-ADDRESS#*' };

/** In place of a tenant: mail to who runs the deployment. */
export const operator = 'operator';

export const mailKeys = {
  mail: (tenantId: string, mailId: string): Key => ({
    pk: `${tenantPrefix(tenantId)}#MAIL`,
    sk: part(mailId),
  }),
  operatorMail: (mailId: string): Key => ({ pk: operatorOutbox.pattern, sk: part(mailId) }),
  /** Partition of what waits to be sent, in the series index. */
  due: (shard: string): string => `MAIL-DUE#${part(shard)}`,
  address: (hash: string): Key => ({ pk: `MAIL-ADDRESS#${part(hash)}`, sk: 'ADDRESS' }),
};

/** The key of a mail to members of a tenant, or to the operator. */
export const outboxKey = (owner: string, mailId: string): Key =>
  owner === operator ? mailKeys.operatorMail(mailId) : mailKeys.mail(owner, mailId);

const series = 'MAIL-DUE#<0 to 7> / <next check>#<tenant>#<mail>, while it waits';

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  { what: 'mail to members of a tenant', pk: 'TENANT#<tenant>#MAIL', sk: '<mail>', series },
  { what: 'mail to the operator', pk: 'OPERATOR#MAIL', sk: '<mail>', series },
  { what: 'what came back from an address', pk: 'MAIL-ADDRESS#<hash>', sk: 'ADDRESS' },
];

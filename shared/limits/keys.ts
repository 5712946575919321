import { type ItemKind, type Key, type KeyFamily, part } from '../table/family.ts';

export const limitPartition: KeyFamily = { name: 'limitPartition', pattern: 'LIMIT#*' };

export const limitKeys = {
  limit: (limit: string, subject: string, windowStart: number): Key => ({
    pk: `LIMIT#${part(limit)}#${part(subject)}`,
    sk: String(windowStart),
  }),
};

/** What is stored under these keys, for documents. */
export const items: readonly ItemKind[] = [
  { what: 'counter of a limit', pk: 'LIMIT#<limit>#<subject>', sk: '<window start>' },
];

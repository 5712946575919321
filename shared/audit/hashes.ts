import { createHash } from 'node:crypto';
import type { AuditBlockItem } from './items.ts';

/** A value as JSON with the members of objects in order: the same text for the same value. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What a block has for an entry: the hash of its whole item, keys and expiry included. */
export const entryHash = (item: object): string => sha256(canonicalJson(item));

/** What a block has for an entry that was gone before it was chained. No item has this hash. */
export const goneHash = 'gone';

/** What the first block of a tenant has for the one before it. */
export const firstPrevious = '0'.repeat(64);

/** The hash of a block, over everything in it but itself. */
export const blockHash = ({
  hash: _,
  ...block
}: Omit<AuditBlockItem, 'hash'> & { hash?: string }) => sha256(canonicalJson(block));

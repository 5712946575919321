import { decodeTime, encodeTime } from 'ulid';
import type { IdKind } from '../contract/ids.ts';

export const auditIds: IdKind = { prefix: 'aud', of: 'entries of the audit log' };

const prefix = `${auditIds.prefix}_`;
const randomLength = 16;

/** When an entry was made, in milliseconds since the epoch. */
export const timeOf = (entryId: string): number => decodeTime(entryId.slice(prefix.length));

/** The month that an entry is stored in, UTC: `2026-11`. */
export const monthOf = (ms: number): string => new Date(ms).toISOString().slice(0, 7);

/** The lowest and the highest id of entries that were made in a millisecond. */
export const idsAt = (ms: number): { lowest: string; highest: string } => {
  const time = prefix + encodeTime(ms);
  return { lowest: time + '0'.repeat(randomLength), highest: time + 'Z'.repeat(randomLength) };
};

/** When a thing with an id of ours was made, in milliseconds since the epoch. */
export const createdAtMs = (id: string): number => decodeTime(id.slice(id.indexOf('_') + 1));

import { randomBytes } from 'node:crypto';
import { ulid } from 'ulid';

export type IdPrefix = 'tnt' | 'usr' | 'ses' | 'key' | 'det' | 'whk' | 'msg' | 'syn';

const randomFraction = () => randomBytes(4).readUInt32BE() / 2 ** 32;

/** A new opaque id: its kind, then a ULID, so ids of one kind sort by time. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${ulid(undefined, randomFraction)}`;
}

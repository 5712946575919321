import { randomBytes } from 'node:crypto';
import { ulid } from 'ulid';
import type { IdKind } from '../contract/ids.ts';

const randomFraction = () => randomBytes(4).readUInt32BE() / 2 ** 32;

/** A new opaque id: its prefix, then a ULID, so ids of one kind sort by time. */
export function newId({ prefix }: IdKind): string {
  return `${prefix}_${ulid(undefined, randomFraction)}`;
}

import type { ChannelName } from '../../channels/names.ts';
import { contentHash, fromRow, isForgotten, type Row, rowKey } from '../product.ts';

/** What a run knows of one product. */
export interface KnownProduct {
  channel: ChannelName;
  /** When it was last seen; null while it is unknown. */
  stock: number | null;
  /** Of its newest row. */
  hash: string;
  /** The number of the segment that has its newest row. */
  segment: number;
  /** Whether the channel has it, no longer has it, or has lacked it for longer than it is kept. */
  state: 'present' | 'missing' | 'forgotten';
  /** A page of this run had it. */
  isSeen: boolean;
}

/** By `rowKey`. */
export type KnownProducts = Map<string, KnownProduct>;

/** Adds or replaces a row. Does not change whether a known product was seen. */
export function learn(
  products: KnownProducts,
  row: Row,
  { segment, nowMs, isSeen }: { segment: number; nowMs: number; isSeen: boolean },
): void {
  const { marketplace: channel, stock, missing_since } = fromRow(row);
  const state = stateOf(missing_since, nowMs);
  const now = { channel, stock, hash: contentHash(row), segment, state };
  const known = products.get(rowKey(row));
  if (known) Object.assign(known, now);
  else products.set(rowKey(row), { ...now, isSeen });
}

function stateOf(missingSince: string | undefined, nowMs: number): KnownProduct['state'] {
  if (missingSince === undefined) return 'present';
  return isForgotten(missingSince, nowMs) ? 'forgotten' : 'missing';
}

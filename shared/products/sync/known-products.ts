import { ChannelName } from '../../channels/names.ts';
import type { Marketplace } from '../product.ts';

const states = ['present', 'missing', 'forgotten'] as const;
/** Whether a seller's marketplace has a product, no longer has it, or has not had it for so long that it is gone. */
export type ProductState = (typeof states)[number];

const marketplaces = ChannelName.options;

const initialSlots = 1024;

/**
 * What is known of every product of a tenant, in a few flat arrays that double when they are full:
 * 36 to 72 bytes a product, whatever its name. 100,000 products take 4.7 MB.
 * Products have ordinals in the order in which they became known.
 */
export class KnownProducts {
  /** Open addressing: the ordinal of a product plus one; 0 is free. */
  #slots = new Uint32Array(initialSlots);
  #keys = new BigUint64Array(initialSlots / 2);
  #hashes = new BigUint64Array(initialSlots / 2);
  #stocks = new Float64Array(initialSlots / 2);
  #segments = new Uint16Array(initialSlots / 2);
  #states = new Uint8Array(initialSlots / 2);
  #marketplaces = new Uint8Array(initialSlots / 2);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The ordinal of a product by its key; undefined when it is new. */
  find(key: Buffer): number | undefined {
    const slot = this.#slots[this.#slotOf(key.readBigUInt64LE())];
    return slot ? slot - 1 : undefined;
  }

  /** Takes in a product as it is now, and where its newest row is. */
  set(
    key: Buffer,
    hash: Buffer,
    now: { marketplace: Marketplace; stock: number | null; segment: number; state: ProductState },
  ): number {
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow();
    const number = key.readBigUInt64LE();
    const slot = this.#slotOf(number);
    let ordinal = (this.#slots[slot] ?? 0) - 1;
    if (ordinal < 0) {
      ordinal = this.#size;
      this.#size += 1;
      this.#slots[slot] = ordinal + 1;
      this.#keys[ordinal] = number;
    }
    this.#hashes[ordinal] = hash.readBigUInt64LE();
    this.#stocks[ordinal] = now.stock ?? Number.NaN;
    this.#segments[ordinal] = now.segment;
    this.#states[ordinal] = states.indexOf(now.state);
    this.#marketplaces[ordinal] = marketplaces.indexOf(now.marketplace);
    return ordinal;
  }

  hasHash(ordinal: number, hash: Buffer): boolean {
    return this.#hashes[ordinal] === hash.readBigUInt64LE();
  }

  stateOf(ordinal: number): ProductState {
    return states[this.#states[ordinal] ?? 0] ?? 'present';
  }

  isOf(ordinal: number, marketplace: Marketplace): boolean {
    return marketplaces[this.#marketplaces[ordinal] ?? -1] === marketplace;
  }

  /** The stock when it was last seen; null while it is unknown. */
  stockOf(ordinal: number): number | null {
    const stock = this.#stocks[ordinal] ?? 0;
    return Number.isNaN(stock) ? null : stock;
  }

  /** The number of the segment that has the product's newest row. */
  segmentOf(ordinal: number): number {
    return this.#segments[ordinal] ?? 0;
  }

  #slotOf(key: bigint): number {
    const mask = this.#slots.length - 1;
    let slot = Number(key & 0xffffffffn) & mask;
    for (;;) {
      const taken = this.#slots[slot];
      if (!taken || this.#keys[taken - 1] === key) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const slots = this.#slots.length * 2;
    this.#keys = grown(this.#keys, new BigUint64Array(slots / 2));
    this.#hashes = grown(this.#hashes, new BigUint64Array(slots / 2));
    this.#stocks = grown(this.#stocks, new Float64Array(slots / 2));
    this.#segments = grown(this.#segments, new Uint16Array(slots / 2));
    this.#states = grown(this.#states, new Uint8Array(slots / 2));
    this.#marketplaces = grown(this.#marketplaces, new Uint8Array(slots / 2));
    this.#slots = new Uint32Array(slots);
    for (let ordinal = 0; ordinal < this.#size; ordinal += 1)
      this.#slots[this.#slotOf(this.#keys[ordinal] ?? 0n)] = ordinal + 1;
  }
}

function grown<A extends { set(from: A): void }>(from: A, to: A): A {
  to.set(from);
  return to;
}

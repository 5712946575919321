import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Flags in their stored form: a compressed bitmap, 12.5 KB for 100,000 flags in no order. */
export function packFlags(flags: readonly boolean[]): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  flags.forEach((flag, place) => {
    if (flag) bits[place >> 3] = (bits[place >> 3] ?? 0) | (1 << (place & 7));
  });
  return deflateRawSync(bits);
}

/** Reads flags by their place in what `packFlags` stored; all are false where nothing is stored. */
export function unpackFlags(packed: Uint8Array | undefined): (place: number) => boolean {
  const bits = packed ? inflateRawSync(packed) : new Uint8Array();
  return (place) => ((bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
}

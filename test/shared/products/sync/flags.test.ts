import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packFlags, unpackFlags } from '../../../../shared/products/sync/flags.ts';

describe('flags that are stored', () => {
  it('are read as they were, and are false beyond the end', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (flags) => {
        const read = unpackFlags(packFlags(flags));

        expect(flags.map((_, place) => read(place))).toEqual(flags);
        expect(read(flags.length + 8)).toBe(false);
      }),
    );
  });

  it('are all false where nothing is stored', () => {
    expect(unpackFlags(undefined)(0)).toBe(false);
  });

  it('of 100,000 products in no order take 13 KB', () => {
    const flags = Array.from({ length: 100_000 }, (_, place) => (place * 7919) % 8191 < 4096);

    expect(packFlags(flags).length).toBeLessThan(13_000);
  });
});

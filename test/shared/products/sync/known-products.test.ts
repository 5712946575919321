import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { productKey } from '../../../../shared/products/product.ts';
import { KnownProducts } from '../../../../shared/products/sync/known-products.ts';

const key = (id: number) => productKey('tnt_1', 'ozon', String(id));
const hash = (number: number) => Buffer.from(new BigUint64Array([BigInt(number)]).buffer);

describe('what is known of products', () => {
  it('is what was last told of each, in the order in which they came', () => {
    const stock = fc.oneof(fc.nat(1000), fc.constantFrom(2 ** 31, 3e9, 2 ** 32, 2 ** 53 - 1));
    const told = fc.record({
      id: fc.integer({ min: 1, max: 900 }),
      marketplace: fc.constantFrom('wildberries', 'ozon'),
      stock,
      segment: fc.nat(2 ** 16 - 1),
      state: fc.constantFrom('present', 'missing', 'forgotten'),
      content: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(told, { maxLength: 3000, size: 'max' }), (list) => {
        const known = new KnownProducts();
        const expected = new Map<number, (typeof list)[number]>();
        for (const one of list) {
          known.set(key(one.id), hash(one.content), one);
          expected.set(one.id, one);
        }

        expect(known.size).toBe(expected.size);
        expect(known.find(key(1000))).toBeUndefined();
        for (const [ordinal, one] of [...expected.values()].entries()) {
          expect(known.find(key(one.id))).toBe(ordinal);
          expect(known.isOf(ordinal, one.marketplace)).toBe(true);
          expect(known.isOf(ordinal, one.marketplace === 'ozon' ? 'wildberries' : 'ozon')).toBe(
            false,
          );
          expect(known.stockOf(ordinal)).toBe(one.stock);
          expect(known.segmentOf(ordinal)).toBe(one.segment);
          expect(known.stateOf(ordinal)).toBe(one.state);
          expect(known.hasHash(ordinal, hash(one.content))).toBe(true);
          expect(known.hasHash(ordinal, hash(one.content + 1))).toBe(false);
        }
      }),
      { numRuns: 10 },
    );
  });
});

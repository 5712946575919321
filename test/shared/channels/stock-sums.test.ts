import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StockSums } from '../../../shared/channels/stock-sums.ts';

const id = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 2 ** 48 }));
const quantity = fc.oneof(fc.nat(1000), fc.constantFrom(2 ** 31, 2 ** 32, 1e9));
const row = fc.tuple(id, quantity, quantity, quantity);

describe('stock sums', () => {
  it('are what a Map would have, also of two put together', () => {
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 3000, size: 'max' }),
        fc.array(row, { maxLength: 50 }),
        (rows, more) => {
          const [sums, other, expected] = [new StockSums(), new StockSums(), new Map()];
          for (const [which, list] of [[sums, rows] as const, [other, more] as const]) {
            for (const [key, stock, toClient, fromClient] of list) {
              which.add(key, { stock, toClient, fromClient });
              const known = expected.get(key) ?? { stock: 0, toClient: 0, fromClient: 0 };
              expected.set(key, {
                stock: known.stock + stock,
                toClient: known.toClient + toClient,
                fromClient: known.fromClient + fromClient,
              });
            }
          }
          sums.addAll(other);

          for (const [key, sum] of expected) expect(sums.of(key)).toEqual(sum);
          expect(sums.of(2 ** 50)).toEqual({ stock: 0, toClient: 0, fromClient: 0 });
        },
      ),
      { numRuns: 20 },
    );
  });
});

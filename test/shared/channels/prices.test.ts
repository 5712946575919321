import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactDecimal } from '../../../shared/channels/prices.ts';

describe('an exact decimal', () => {
  it('is the text that the seller marketplace wrote, up to 15 digits', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 999_999_999_999n }),
        fc.integer({ min: 0, max: 99 }),
        (whole, cents) => {
          const written = `${whole}.${String(cents).padStart(2, '0')}`;

          const exact = exactDecimal(JSON.parse(written));

          expect(exact).toBe(
            String(whole) + (cents ? `.${String(cents).padStart(2, '0')}`.replace(/0$/, '') : ''),
          );
          expect(exact).not.toMatch(/e/i);
        },
      ),
      {
        examples: [
          [0n, 0],
          [1_000_000n, 0],
          [332n, 50],
        ].map((each) => each as [bigint, number]),
      },
    );
  });

  it.each([
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e21,
    1e-7,
    0.1 + 0.2,
    Number('12345678901234.567'),
  ])('is none instead of a rounded one: %d', (value) => {
    expect(exactDecimal(value)).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { ticksUpTo } from '../../../web/charts/frame.ts';
import { count, duration, money, shortDate } from '../../../web/components/format.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('money', () => {
  test.each([
    ['1299.5', 'RUB', 'RUB 1,299.50'],
    ['0', 'KZT', 'KZT 0.00'],
    ['9007199254740993.01', 'RUB', 'RUB 9,007,199,254,740,993.01'],
    ['10.125', 'RUB', 'RUB 10.125'],
    ['10', '', '10'],
    ['10', 'roubles', '10 roubles'],
  ])('%s %s is %s', (amount, currency, text) => {
    expect(plain(money({ amount, currency }))).toBe(text);
  });
});

describe('other words', () => {
  test('count with thousands, days of no time zone, waits', () => {
    expect(count(1, 'product')).toBe('1 product');
    expect(count(12_345, 'product')).toBe('12,345 products');
    expect(shortDate('2026-11-20')).toBe('20 Nov');
    expect(duration(41)).toBe('41 seconds');
  });
});

describe('the ticks of an axis', () => {
  test.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [99, [0, 25, 50, 75, 100]],
    [100, [0, 25, 50, 75, 100]],
    [8403.26, [0, 2500, 5000, 7500, 10_000]],
  ])('up to %s are %j', (most, ticks) => {
    expect(ticksUpTo(most)).toEqual(ticks);
  });
});

import { expect, it } from 'vitest';
import { retryAfterMs } from '../../../shared/http/retry-after.ts';

const now = Date.parse('2026-11-20T12:00:00Z');

it.each([
  ['120', 120_000],
  [' 0.5 ', 500],
  ['0', 0],
  ['999999999', 999_999_999_000],
  ['Fri, 20 Nov 2026 12:05:00 GMT', 300_000],
  ['Friday, 20-Nov-26 12:05:00 GMT', 300_000],
  ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
  ['-5', undefined],
  ['soon', undefined],
  ['Fri, soon GMT', undefined],
  ['2027-01-01', undefined],
  ['1e3', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('Retry-After %j is %s ms', (value, expected) => {
  expect(retryAfterMs(value, now)).toBe(expected);
});

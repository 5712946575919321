import { afterEach, describe, expect, it, vi } from 'vitest';
import { second, travel, travelTo } from '../../../harness/clock.ts';
import { TtlCache } from '../../../shared/runtime/ttl-cache.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('what a container remembers', () => {
  it('is forgotten after 30 seconds, half of what a revocation may take', () => {
    travelTo(Date.now());
    const values = new TtlCache<string>();
    values.set('a', 'x');
    travel(30 * second - 1);
    expect(values.get('a')).toBe('x');

    travel(1);

    expect(values.get('a')).toBeUndefined();
  });

  it('is by key alone (check 64)', () => {
    const values = new TtlCache<string>();
    values.set('a', 'x');

    expect(values.get('b')).toBeUndefined();
    expect(values.get('')).toBeUndefined();
    expect(values.get('constructor')).toBeUndefined();
  });

  it('is a thousand values at most, the newest', () => {
    const values = new TtlCache<number>();
    for (let index = 0; index < 1500; index += 1) values.set(`k${index}`, index);
    values.set('k600', 0);
    values.set('new', 1);

    expect(values.get('k499')).toBeUndefined();
    expect(values.get('k600')).toBe(0);
    expect(values.get('new')).toBe(1);
  });

  it('is no more than the weight it may have, the newest value always', () => {
    const values = new TtlCache<string>({ maxWeight: 10 });
    values.set('a', 'a', 4);
    values.set('b', 'b', 4);
    values.set('a', 'again', 6);
    expect([values.get('a'), values.get('b')]).toEqual(['again', 'b']);

    values.set('c', 'c', 11);

    expect([values.get('a'), values.get('b'), values.get('c')]).toEqual([
      undefined,
      undefined,
      'c',
    ]);
    values.set('d', 'd', 1);
    values.delete('d');
    values.set('e', 'e', 10);
    expect([values.get('c'), values.get('d'), values.get('e')]).toEqual([
      undefined,
      undefined,
      'e',
    ]);
  });
});

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { limitNamed } from '../../../harness/limits.ts';
import { limits } from '../../../shared/contract/registry.ts';
import { rateLimitFields } from '../../../shared/http/rate-limit-fields.ts';
import { limitKeys } from '../../../shared/limits/keys.ts';

const load = () => import('../../../shared/limits/limits.ts');
beforeEach(() => {
  vi.resetModules();
});
afterEach(() => {
  process.env.LIMITS_MULTIPLIER = '1';
});

describe('the subject of an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s is %s (check 50)', async (address, subject) => {
    const { limitSubjectOf } = await load();

    expect(limitSubjectOf(address)).toBe(subject);
  });

  it('is one for a /64 however it is written, and another for another (check 50)', async () => {
    const { limitSubjectOf } = await load();
    fc.assert(
      fc.property(
        fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }),
        fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 }),
        fc.nat(3),
        (groups, interfaceId, changed) => {
          const long = groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
          const neighbour = [...groups.slice(0, 4), ...interfaceId]
            .map((g) => g.toString(16))
            .join(':');
          expect(limitSubjectOf(long)).toBe(limitSubjectOf(neighbour.toUpperCase()));
          const others = groups.with(changed, ((groups[changed] ?? 0) + 1) % 0x10000);
          expect(limitSubjectOf(others.map((g) => g.toString(16)).join(':'))).not.toBe(
            limitSubjectOf(long),
          );
        },
      ),
    );
  });

  it('is always a segment of a key', async () => {
    const { limitSubjectOf } = await load();
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        expect(() => limitKeys.limit('login.address', limitSubjectOf(address), 0)).not.toThrow();
      }),
    );
  });
});

describe('the multiplier', () => {
  it.each([
    ['1', 10],
    ['100', 1000],
    ['0.5', 5],
    ['0.001', 1],
  ])('%s makes of ten sign-ins %i', async (multiplier, quota) => {
    process.env.LIMITS_MULTIPLIER = multiplier;
    const { limitWindow } = await load();

    expect(limitWindow(limitNamed('login.account_address'), 0).quota).toBe(quota);
  });

  it.each(['0', '-1', 'many', '', 'Infinity', 'NaN'])('may not be "%s"', async (multiplier) => {
    process.env.LIMITS_MULTIPLIER = multiplier;
    const { limitWindow } = await load();

    expect(() => limitWindow(limitNamed('login.account_address'), 0)).toThrow('LIMITS_MULTIPLIER');
  });
});

describe('a window', () => {
  it('is aligned to the clock, and every moment has one', async () => {
    const { limitWindow, exceededAllowance } = await load();
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.constantFrom(...limits.values()),
        (nowMs, limit) => {
          const { windowSeconds } = limit;
          const { startMs } = limitWindow(limit, nowMs);
          expect(startMs % (windowSeconds * 1000)).toBe(0);
          expect(startMs).toBeLessThanOrEqual(nowMs);
          expect(startMs + windowSeconds * 1000).toBeGreaterThan(nowMs);
          const { resetSeconds } = exceededAllowance(limit, nowMs);
          expect(resetSeconds).toBeGreaterThanOrEqual(1);
          expect(resetSeconds).toBeLessThanOrEqual(windowSeconds);
        },
      ),
    );
  });
});

describe('the policies', () => {
  it('lock an account after at most 100 failures, and for less than a day (check 50)', () => {
    const { quota, windowSeconds } = limitNamed('login.account_address');
    expect(quota).toBeLessThanOrEqual(100);
    expect(windowSeconds).toBeLessThan(86_400);
  });

  it('count sign-in, registration and refresh each by who, where from and which tenant', () => {
    for (const area of ['login', 'register', 'refresh']) {
      const kinds = [...limits.keys()]
        .filter((name) => name.startsWith(`${area}.`))
        .map((name) => name.split('.')[1]);
      const expected = ['account', 'address', 'tenant'];
      if (area === 'login') expected.push('account_address');
      expect(kinds.toSorted(), area).toEqual(expected.toSorted());
    }
  });
});

describe('RateLimit fields (check 74)', () => {
  it('are lists of structured fields, one member for each limit', () => {
    const allowance = { quota: 5, windowSeconds: 60, exceeded: false };
    const fields = rateLimitFields([
      { ...allowance, limit: 'login.address', remaining: 3, resetSeconds: 30 },
      { ...allowance, limit: 'login.tenant', remaining: 0, resetSeconds: 1 },
    ]);

    expect(fields).toEqual({
      'ratelimit-policy': '"login.address";q=5;w=60, "login.tenant";q=5;w=60',
      ratelimit: '"login.address";r=3;t=30, "login.tenant";r=0;t=1',
    });
  });

  it('are none where nothing was counted', () => {
    expect(rateLimitFields([])).toEqual({});
  });
});

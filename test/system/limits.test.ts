import { describe, expect, it } from 'vitest';
import { useSystem } from '../../harness/system.ts';

// A tenth of the quotas: as exact, with fewer passwords to hash.
const system = useSystem({ LIMITS_MULTIPLIER: '0.1' });

const login = (viewer: string, headers: Record<string, string> = {}) =>
  system.send('POST', '/api/v1/auth/login', {
    viewer,
    headers,
    body: { email: `${Math.random()}@example.com`, password: 'no matter what' },
  });

describe('limits per address', () => {
  it('hold exactly under 50 parallel sign-ins, whatever X-Forwarded-For says (checks 51, 52, 74)', async () => {
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        login('2001:db8:1:2::1', {
          'x-forwarded-for': `198.51.100.${index}`,
          'x-viewer-address': `198.51.100.${index}`,
        }),
      ),
    );

    const refused = replies.filter(({ status }) => status === 429);
    expect(replies.filter(({ status }) => status === 401).length).toBe(6);
    expect(refused.length).toBe(44);
    for (const { headers, body } of refused) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(headers.get('ratelimit-policy')).toBe('"login.address";q=6;w=300');
      expect(headers.get('ratelimit')).toMatch(/^"login\.address";r=0;t=\d+$/);
      expect(body).toMatchObject({ code: 'rate_limited', status: 429 });
    }
  });

  it('take a /64 of IPv6 for one address and leave others alone (check 50)', async () => {
    expect((await login('2001:db8:1:2:ffff::9')).status).toBe(429);
    expect((await login('2001:db8:1:3::1')).status).toBe(401);
  });
});

import type { Allowance } from '../runtime/request-context.ts';

/** RateLimit fields of the IETF draft (draft-ietf-httpapi-ratelimit-headers-11). */
export function rateLimitFields(allowances: readonly Allowance[]): Record<string, string> {
  if (allowances.length === 0) return {};
  return {
    'ratelimit-policy': allowances
      .map((a) => `"${a.limit}";q=${a.quota};w=${a.windowSeconds}`)
      .join(', '),
    ratelimit: allowances
      .map((a) => `"${a.limit}";r=${a.remaining};t=${a.resetSeconds}`)
      .join(', '),
  };
}

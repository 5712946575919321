import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { day, minute, second } from '../../../harness/clock.ts';
import {
  overlapMs,
  parseKeySet,
  publishAheadMs,
  rotateKeys,
  type SigningKey,
  signingAlgorithms,
  signingKeyAt,
  toJwks,
  toVerificationKeys,
} from '../../../shared/identity/signing-keys.ts';

const start = Date.UTC(2026, 10, 20);
/** The longest that a container serves a key set before it reads it again. */
const cacheMs = 10 * minute;
const tokenMs = 15 * minute;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

describe('rotation', () => {
  it('signs nobody out, whenever and however often it happens (check 17)', async () => {
    const pauses = fc.array(fc.integer({ min: 1, max: 40 * day }), { minLength: 1, maxLength: 5 });
    const often = fc.array(fc.integer({ min: 1, max: 20 * minute }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(pauses, often),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: cacheMs }),
        fc.integer({ min: 0, max: cacheMs }),
        fc.integer({ min: 0, max: tokenMs + 5 * second }),
        async (gaps, when, signerLagMs, verifierLagMs, ageMs) => {
          const history = await rotations(gaps);
          const last = history.at(-1)?.atMs ?? start;
          const signedAtMs = start + cacheMs + Math.floor(when * (last - start + day));
          const usedAtMs = signedAtMs + ageMs;

          const signer = signingKeyAt(keysAt(history, signedAtMs - signerLagMs), signedAtMs);
          const verifier = toVerificationKeys(keysAt(history, usedAtMs - verifierLagMs)).find(
            ({ kid }) => kid === signer.kid,
          );

          expect(verifier).toBeDefined();
          expect(verifier?.verify_until_ms ?? Number.POSITIVE_INFINITY).toBeGreaterThan(usedAtMs);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('lets a new key sign only after everybody could learn of it', async () => {
    const first = await rotateKeys([], 'ES256', start);
    const second_ = await rotateKeys(first, 'ES256', start + day);
    const [old, fresh] = second_;

    expect(publishAheadMs).toBeGreaterThan(cacheMs);
    expect(signingKeyAt(second_, start + day)).toEqual(old);
    expect(signingKeyAt(second_, start + day + publishAheadMs - 1)).toEqual(old);
    expect(signingKeyAt(second_, start + day + publishAheadMs)).toEqual(fresh);
  });

  it('drops a key once every token that it signed has expired, and the newest never', async () => {
    const first = await rotateKeys([], 'ES256', start);
    const second_ = await rotateKeys(first, 'ES256', start + day);
    const third = await rotateKeys(second_, 'ES256', start + 60 * day);

    expect(second_[0]?.verify_until_ms).toBe(start + day + publishAheadMs + overlapMs);
    expect(overlapMs).toBeGreaterThan(tokenMs);
    expect(third.map(({ kid }) => kid)).not.toContain(first[0]?.kid);
    expect(third.map(({ kid }) => kid)).toContain(second_[1]?.kid);
    expect(third).toHaveLength(2);
  });

  it('pins the algorithm to each key, so that another may follow', async () => {
    const first = await rotateKeys([], 'ES256', start);
    const second_ = await rotateKeys(first, 'RS256', start + day);

    expect(second_.map(({ alg }) => alg)).toEqual(['ES256', 'RS256']);
  });
});

describe('keys', () => {
  it.each(signingAlgorithms)(
    'of %s are as long as they must be, and never twice (check 19)',
    async (alg) => {
      const keys = await Promise.all([1, 2].map(() => rotateKeys([], alg, start)));
      const [a, b] = keys.map(([key]) => key);

      expect(a?.kid).not.toBe(b?.kid);
      expect(JSON.stringify(a?.jwk)).not.toBe(JSON.stringify(b?.jwk));
      if (alg === 'HS256') expect(bytes(a?.jwk.k)).toBe(32);
      if (alg === 'ES256') expect([a?.jwk.crv, bytes(a?.jwk.d)]).toEqual(['P-256', 32]);
      if (alg === 'RS256') expect(bytes(a?.jwk.n)).toBe(256);
    },
  );

  it.each(signingAlgorithms)(
    'of %s have an id that gives nothing of the secret away',
    async (alg) => {
      const [key] = await rotateKeys([], alg, start);
      for (const member of privateMembers) {
        const value = key?.jwk[member as 'd'];
        if (value) expect(value).not.toContain(key?.kid);
      }
    },
  );
});

describe('the published set', () => {
  it.each(['ES256', 'RS256'] as const)(
    'has no private member of %s, and kid, alg and use (check 17)',
    async (alg) => {
      const keys = await rotateKeys([], alg, start);

      const { keys: published } = toJwks(toVerificationKeys(keys), start);

      expect(published).toHaveLength(1);
      for (const jwk of published) {
        expect(jwk).toMatchObject({ kid: keys[0]?.kid, alg, use: 'sig' });
        for (const member of privateMembers) expect(jwk).not.toHaveProperty(member);
      }
    },
  );

  it('leaves private members out also when it is given them (check 17)', async () => {
    const keys = await rotateKeys([], 'RS256', start);

    const [jwk] = toJwks(keys, start).keys;

    expect(Object.keys(jwk ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  it('never has a symmetric key (check 17)', async () => {
    const keys = await rotateKeys([], 'HS256', start);

    expect(toJwks(toVerificationKeys(keys), start)).toEqual({ keys: [] });
  });

  it('has the old key through the overlap and not after it (check 17)', async () => {
    const keys = await rotateKeys(await rotateKeys([], 'ES256', start), 'ES256', start + day);
    const [old] = keys;
    const endMs = old?.verify_until_ms ?? 0;
    const has = (nowMs: number) =>
      toJwks(toVerificationKeys(keys), nowMs).keys.some(({ kid }) => kid === old?.kid);

    expect(has(endMs - 1)).toBe(true);
    expect(has(endMs)).toBe(false);
  });
});

describe('the stored form', () => {
  it.each(['{"keys":[]}', '{}', 'null', '[]', '{"keys":{}}', '"keys"'])(
    'is refused when it is %s',
    (secret) => {
      expect(() => parseKeySet(secret)).toThrow('not a key set');
    },
  );

  it('has no key that may sign before the first one’s time', async () => {
    const keys = await rotateKeys([], 'ES256', start);

    expect(() => signingKeyAt(keys, start - 1)).toThrow('no signing key yet');
  });
});

const bytes = (text: string | undefined) => Buffer.from(text ?? '', 'base64url').length;

/** Key sets by the moment at which each was made. Symmetric keys, which are the quickest to make. */
async function rotations(gaps: readonly number[]) {
  let atMs = start;
  let keys = await rotateKeys([], 'HS256', atMs);
  const history: { atMs: number; keys: SigningKey[] }[] = [{ atMs, keys }];
  for (const gap of gaps) {
    atMs += gap;
    keys = await rotateKeys(keys, 'HS256', atMs);
    history.push({ atMs, keys });
  }
  return history;
}

function keysAt(history: readonly { atMs: number; keys: SigningKey[] }[], nowMs: number) {
  return history.findLast(({ atMs }) => atMs <= nowMs)?.keys ?? [];
}

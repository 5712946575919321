import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeJws, signerFor } from '../../../harness/jws.ts';
import {
  rotateKeys,
  type SigningKey,
  signingAlgorithms,
  toVerificationKeys,
} from '../../../shared/identity/signing-keys.ts';
import {
  InvalidTokenError,
  importKeys,
  type KeyRing,
  verifyToken,
} from '../../../shared/identity/token-verification.ts';
import { isCanonicalBase64url } from '../../../shared/runtime/base64url.ts';

const expected = { typ: 'at+jwt', issuer: 'us', audience: 'them', maxLifetimeSeconds: 900 };

const character = fc.oneof(
  fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);

describe.each(signingAlgorithms)('a token signed with %s', (alg) => {
  let key: SigningKey;
  let ring: KeyRing;
  beforeAll(async () => {
    const keys = await rotateKeys([], alg, Date.now() - 1000);
    const [first] = keys;
    if (!first) throw new Error('There is no key');
    key = first;
    ring = await importKeys(toVerificationKeys(keys));
  });

  const token = () => {
    const now = Math.floor(Date.now() / 1000);
    return makeJws(
      { alg, kid: key.kid, typ: 'at+jwt' },
      { iss: 'us', aud: 'them', sub: 'x', jti: 'y', iat: now, exp: now + 900 },
      signerFor(key),
    );
  };
  const refused = async (text: string) => {
    await expect(verifyToken(text, ring, expected)).rejects.toBeInstanceOf(InvalidTokenError);
  };

  it('is verified', async () => {
    expect(await verifyToken(token(), ring, expected)).toMatchObject({ sub: 'x' });
  });

  it('is refused after any change of one character', async () => {
    const good = token();
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), character, async (index, other) => {
        fc.pre(good[index] !== other);
        await refused(good.slice(0, index) + other + good.slice(index + 1));
      }),
      { numRuns: 150 },
    );
  });

  it('is refused when cut, or with anything in front of or behind it', async () => {
    const good = token();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.string({ minLength: 1, maxLength: 8 }),
        async (length, extra) => {
          await refused(good.slice(0, length));
          await refused(good + extra);
          await refused(extra + good);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is told from whatever other text there is, with no other error (RFC 8725)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc
            .tuple(fc.json(), fc.json(), fc.string())
            .map((parts) => parts.map((p) => Buffer.from(p).toString('base64url')).join('.')),
        ),
        refused,
      ),
      { numRuns: 150 },
    );
  });
});

describe('canonical base64url', () => {
  it('is exactly what an encoder writes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(isCanonicalBase64url(Buffer.from(bytes).toString('base64url'))).toBe(true);
      }),
    );
  });

  it('has one text for each value', () => {
    fc.assert(
      fc.property(
        fc.base64String(),
        fc.constantFrom('=', '==', ' ', '\n', '+', '/', '~', 'é'),
        (text, extra) => {
          const canonical = Buffer.from(text, 'base64').toString('base64url');
          expect(isCanonicalBase64url(canonical + extra)).toBe(false);
          expect(isCanonicalBase64url(extra + canonical)).toBe(false);
        },
      ),
    );
  });
});

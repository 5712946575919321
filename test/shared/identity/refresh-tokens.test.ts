import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionIds, userIds } from '../../../shared/identity/ids.ts';
import {
  formatRefreshToken,
  hashSecret,
  matchesHash,
  newSecret,
  nextGeneration,
  parseRefreshToken,
} from '../../../shared/identity/refresh-tokens.ts';
import { newId } from '../../../shared/runtime/ids.ts';
import { tenantIds } from '../../../shared/tenants/ids.ts';

const fresh = () => ({
  tenantId: newId(tenantIds),
  userId: newId(userIds),
  sessionId: newId(sessionIds),
  family: newSecret(),
  generation: newSecret(),
});

describe('a refresh token', () => {
  it('reads as it was written', () => {
    const token = fresh();

    expect(parseRefreshToken(formatRefreshToken(token))).toEqual(token);
  });

  it('is told from any other text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 400 })), (text) => {
        expect(parseRefreshToken(text)).toBeUndefined();
      }),
    );
  });

  it('is none when cut, lengthened, or with a character of another kind in it', () => {
    const good = formatRefreshToken(fresh());
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.constantFrom('#', ' ', '\n', '=', '+', '/', '*', '.', 'é', '\0'),
        (index, character) => {
          expect(parseRefreshToken(good.slice(0, index))).toBeUndefined();
          expect(parseRefreshToken(good + character)).toBeUndefined();
          expect(parseRefreshToken(character + good)).toBeUndefined();
          fc.pre(good[index] !== character);
          expect(
            parseRefreshToken(good.slice(0, index) + character + good.slice(index + 1)),
          ).toBeUndefined();
        },
      ),
    );
  });

  it('has two secrets of 256 random bits (check 26)', () => {
    const secrets = Array.from({ length: 1000 }, newSecret);

    for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(new Set(secrets).size).toBe(secrets.length);
  });

  it('has a successor that only its holder can make again', () => {
    const [generation, other, nonce] = [newSecret(), newSecret(), newSecret()];

    expect(nextGeneration(generation, nonce)).toBe(nextGeneration(generation, nonce));
    expect(nextGeneration(generation, nonce)).not.toBe(nextGeneration(other, nonce));
    expect(nextGeneration(hashSecret(generation), nonce)).not.toBe(
      nextGeneration(generation, nonce),
    );
  });

  it('matches the hash of itself and no other', () => {
    const secret = newSecret();

    expect(matchesHash(secret, hashSecret(secret))).toBe(true);
    expect(matchesHash(newSecret(), hashSecret(secret))).toBe(false);
    expect(matchesHash(hashSecret(secret), hashSecret(secret))).toBe(false);
    expect(matchesHash(secret, secret)).toBe(false);
    expect(matchesHash(secret, '')).toBe(false);
    expect(matchesHash('', undefined)).toBe(false);
  });
});

import bcrypt from '@node-rs/bcrypt';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/contract/errors.ts';
import { NewPassword, OfferedPassword } from '../../../shared/contract/schemas.ts';
import { assertUncommonPassword } from '../../../shared/identity/password-policy.ts';
import {
  bcryptCost,
  hashPassword,
  needsRehash,
  verifyPassword,
} from '../../../shared/identity/passwords.ts';

const accepts = (password: string) => NewPassword.safeParse(password).success;
const emoji = '😀';

describe('a new password', () => {
  it.each([
    ['7 letters', 'abcdefg'],
    ['7 emoji, which are 14 UTF-16 units and 28 bytes', emoji.repeat(7)],
    ['7 letters with accents, written in two code points each', 'é'.normalize('NFD').repeat(7)],
    ['nothing', ''],
    ['1025 letters', 'a'.repeat(1025)],
  ])('may not be %s (check 38)', (_, password) => {
    expect(accepts(password)).toBe(false);
  });

  it.each([
    ['8 letters', 'abcdefgh'],
    ['8 emoji', emoji.repeat(8)],
    ['8 letters with accents', 'é'.normalize('NFD').repeat(8)],
    ['64 letters', 'a'.repeat(64)],
    ['128 letters', 'b'.repeat(128)],
    ['64 emoji, which are 256 bytes', emoji.repeat(64)],
    ['words with spaces', 'correct horse battery staple'],
    ['spaces around it', '  spaced  '],
    ['Cyrillic', 'пароль из слов'],
    ['Chinese', '一二三四五六七八'],
    ['a NUL inside', 'abcd\0efgh'],
    ['no digit, capital or sign', 'onlylowercase'],
  ])('may be %s (checks 38, 39, 44)', (_, password) => {
    expect(accepts(password)).toBe(true);
  });

  it.each(['\ud800abcdefgh', 'abcdefgh\udfff', 'abcd\udc00\ud800efgh'])(
    'may not be ill-formed Unicode, nor may an offered one (check 43)',
    (password) => {
      expect(accepts(password)).toBe(false);
      expect(OfferedPassword.safeParse(password).success).toBe(false);
    },
  );

  it('is not trimmed and keeps its case', () => {
    expect(NewPassword.parse('  Spaced Out ')).toBe('  Spaced Out ');
  });
});

describe('an uncommon password', () => {
  const reasonFor = (password: string, email = 'alice.smith@example.com', companyName?: string) => {
    try {
      assertUncommonPassword(password, { email, companyName });
      return undefined;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      expect(error.code).toBe('validation_failed');
      return error.errors?.[0];
    }
  };

  it.each(['password', 'Password', '12345678', 'qwertyuiop', 'iloveyou'])(
    'is not %s (check 45)',
    (password) => {
      expect(reasonFor(password)).toEqual({
        in: 'body',
        pointer: '/password',
        detail: 'is among the most common passwords',
      });
    },
  );

  it.each([
    'alice.smith',
    'Alice.Smith99!',
    'alice.smith@example.com',
    'example ltd',
    'Example Ltd 1',
  ])('is not the email or the company: %s (check 45)', (password) => {
    expect(reasonFor(password, undefined, 'Example Ltd')?.detail).toBe(
      'is the email or the company name',
    );
  });

  it.each([
    'правильная лошадь',
    '一二三四五六七八',
    'correct horse battery',
    'alice.smithson',
    '8462 9173 5528',
  ])('is %s, whatever script the company’s name is in (check 44)', (password) => {
    expect(reasonFor(password, undefined, 'Компания')).toBeUndefined();
    expect(reasonFor(password, undefined, '株式会社')).toBeUndefined();
    expect(reasonFor(password, '12345@example.com')).toBeUndefined();
  });

  it('is not the company’s name in another script either (check 45)', () => {
    expect(reasonFor('Компания123', undefined, 'компания')).toBeDefined();
  });
});

describe('hashing', () => {
  // Cost 4 in place of 12: what is compared here is the input of bcrypt.
  const { hash } = bcrypt;
  beforeEach(() => {
    vi.spyOn(bcrypt, 'hash').mockImplementation((input) => hash(input, { cost: 4 }));
    const { verify } = bcrypt;
    vi.spyOn(bcrypt, 'verify').mockImplementation((input, stored) =>
      String(stored).startsWith('$2b$04$') && !String(stored).endsWith('.'.repeat(53))
        ? verify(input, stored)
        : Promise.resolve(false),
    );
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const opens = async (password: string, other: string) =>
    verifyPassword(other, await hashPassword(password));

  it.each([
    ['64 letters', 'a'.repeat(64)],
    ['128 letters', 'b'.repeat(128)],
    ['64 emoji', emoji.repeat(64)],
    ['1024 letters', 'c'.repeat(1024)],
    ['spaces', '        '],
  ])('opens with a password of %s (check 39)', async (_, password) => {
    expect(await opens(password, password)).toBe(true);
  });

  it.each([71, 72, 73, 100])(
    'tells passwords apart whose first %i bytes are equal (check 40)',
    async (bytes) => {
      const start = 'x'.repeat(bytes);
      expect(await opens(`${start}a`, `${start}b`)).toBe(false);
      expect(await opens(`${start}a`, start)).toBe(false);
      expect(await opens(start, `${start}a`)).toBe(false);
      expect(await opens(`${start}a`, `${start}a`)).toBe(true);
    },
  );

  it('tells passwords apart that differ after a NUL (check 41)', async () => {
    expect(await opens('abcd\0efgh', 'abcd\0wxyz')).toBe(false);
    expect(await opens('abcd\0efgh', 'abcd')).toBe(false);
    expect(await opens('abcd\0efgh', 'abcd\0efgh')).toBe(true);
    const long = 'x'.repeat(80);
    expect(await opens(`${long}\0a`, `${long}\0b`)).toBe(false);
  });

  it('takes NFC and NFD of a password for the same, short or long (check 42)', async () => {
    for (const password of ['Zürich-Straße-8', 'é'.repeat(60)]) {
      expect(await opens(password.normalize('NFC'), password.normalize('NFD'))).toBe(true);
      expect(await opens(password.normalize('NFD'), password.normalize('NFC'))).toBe(true);
    }
  });

  it('neither trims nor folds case, nor takes compatible characters for the same (check 42)', async () => {
    expect(await opens('password one', ' password one')).toBe(false);
    expect(await opens('password one', 'password one ')).toBe(false);
    expect(await opens('password one', 'Password one')).toBe(false);
    expect(await opens('ﬁve-passwords', 'five-passwords')).toBe(false);
  });
});

describe('verifying', () => {
  const password = 'correct horse battery';
  const hashes: Record<string, string> = {
    // Written by the package that hashed here before.
    earlier: '$2b$04$MemO7i.A1.4ZqjKzdJY1E.oef49snyRvs3sABj4o/9DsFQWj5dKh2',
    earlierOf72Bytes: '$2b$04$Ev4od99g5a5V40VtlM7nFe8iPBLfzO6muOZmd42rQ4DKfQx7J.RZS',
  };
  const real = bcrypt.verify;
  let work: number[] = [];
  beforeAll(async () => {
    // What a dummy hash costs is counted and not done.
    for (const cost of [4, 10, bcryptCost]) hashes[cost] = await bcrypt.hash(password, { cost });
  });
  beforeEach(() => {
    work = [];
    vi.spyOn(bcrypt, 'verify').mockImplementation((input, stored) => {
      const hash = String(stored);
      work.push(2 ** Number(hash.slice(4, 6)));
      return Object.values(hashes).includes(hash.replace(/^\$2[axy]/, '$2b'))
        ? real(input, hash)
        : Promise.resolve(false);
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  const totalWork = () => work.reduce((sum, item) => sum + item, 0);

  it('hashes with $2b$ and cost 12', async () => {
    expect(await hashPassword(password)).toMatch(/^\$2b\$12\$/);
    expect(needsRehash(hashes[12] ?? '')).toBe(false);
    expect(needsRehash(hashes[10] ?? '')).toBe(true);
    expect(needsRehash((hashes[12] ?? '').replace('$2b$', '$2a$'))).toBe(true);
  });

  it.each(['$2a$', '$2y$', '$2b$'])(
    'opens hashes that start with %s (check 46)',
    async (prefix) => {
      const hash = (hashes[4] ?? '').replace('$2b$', prefix);
      expect(await verifyPassword(password, hash)).toBe(true);
      expect(await verifyPassword('wrong horse', hash)).toBe(false);
    },
  );

  it('opens hashes that another implementation wrote, of up to 72 bytes', async () => {
    expect(await verifyPassword(password, hashes.earlier)).toBe(true);
    expect(await verifyPassword('é'.repeat(36), hashes.earlierOf72Bytes)).toBe(true);
    expect(await verifyPassword(`${'é'.repeat(36)}x`, hashes.earlierOf72Bytes)).toBe(false);
  });

  it('does not open hashes that start with $2x$, the mark of a faulty algorithm', async () => {
    const hash = hashes[4]?.replace('$2b$', '$2x$');

    expect(await verifyPassword(password, hash)).toBe(false);
    expect(totalWork()).toBe(2 ** bcryptCost);
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['text', 'not a hash'],
    ['of an unknown kind', '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA'],
    ['of cost 99', `$2b$99$${'a'.repeat(53)}`],
    ['of cost 31, days of work', `$2b$31$${'a'.repeat(53)}`],
    ['of cost 13, above the policy', `$2b$13$${'a'.repeat(53)}`],
    ['of cost 03', `$2b$03$${'a'.repeat(53)}`],
    ['too short', `$2b$12$${'a'.repeat(52)}`],
    ['too long', `$2b$12$${'a'.repeat(54)}`],
    ['of characters that bcrypt does not have', `$2b$12$${'!'.repeat(53)}`],
    ['followed by a line break', `$2b$12$${'a'.repeat(53)}\n`],
  ])(
    'takes a hash that is %s for a wrong password, after the same work (checks 47, 48)',
    async (_, hash) => {
      expect(await verifyPassword(password, hash)).toBe(false);
      expect(totalWork()).toBe(2 ** bcryptCost);
    },
  );

  it.each([4, 10, 12])(
    'does the work of one hash of cost 12 for a hash of cost %i, right or wrong (check 48)',
    async (cost) => {
      expect(await verifyPassword('wrong horse', hashes[cost])).toBe(false);
      expect(totalWork()).toBe(2 ** bcryptCost);
      work = [];
      expect(await verifyPassword(password, hashes[cost])).toBe(true);
      expect(totalWork()).toBe(2 ** bcryptCost);
    },
  );
});

import { randomBytes } from 'node:crypto';
import bcrypt from 'bcrypt';
import { vi } from 'vitest';

/** What bcrypt was asked to do, in units of its inner loop: 2^cost for each hash or comparison. */
export interface BcryptWork {
  done: number[];
}

/** Counts the work of bcrypt until mocks are restored. */
export function countBcrypt(): BcryptWork {
  const { compare, hash } = bcrypt;
  return mockBcrypt(compare, hash);
}

/**
 * Counts the work of bcrypt and does none of it, for tests that sign in often: `password` opens
 * every hash but the dummy ones.
 */
export function pretendBcrypt(password: string): BcryptWork {
  return mockBcrypt(
    async (given, hash) => given === password && !hash.endsWith('.'.repeat(53)),
    async (_, cost) => `$2b$${cost}$${randomBytes(40).toString('hex').slice(0, 53)}`,
  );
}

function mockBcrypt(
  compare: (password: string | Buffer, hash: string) => Promise<boolean>,
  hash: (password: string | Buffer, cost: string | number) => Promise<string>,
): BcryptWork {
  const counted: BcryptWork = { done: [] };
  vi.spyOn(bcrypt, 'compare').mockImplementation(
    async (password: string | Buffer, stored: string) => {
      counted.done.push(2 ** Number(stored.slice(4, 6)));
      return compare(password, stored);
    },
  );
  vi.spyOn(bcrypt, 'hash').mockImplementation(
    async (password: string | Buffer, cost: string | number) => {
      counted.done.push(2 ** Number(cost));
      return hash(password, cost);
    },
  );
  return counted;
}

export const totalOf = ({ done }: BcryptWork): number =>
  done.reduce((total, work) => total + work, 0);

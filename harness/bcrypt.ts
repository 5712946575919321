import { randomBytes } from 'node:crypto';
import bcrypt from '@node-rs/bcrypt';
import { vi } from 'vitest';

/** What bcrypt was asked to do, in units of its inner loop: 2^cost for each hash or comparison. */
export interface BcryptWork {
  done: number[];
}

/** Counts the work of bcrypt until mocks are restored. */
export function countBcrypt(): BcryptWork {
  const { verify, hash } = bcrypt;
  return mockBcrypt(verify, hash);
}

/**
 * Counts the work of bcrypt and does none of it, for tests that sign in often: `password` opens
 * every hash but the dummy ones.
 */
export function pretendBcrypt(password: string): BcryptWork {
  return mockBcrypt(
    async (given, hash) => given === password && !String(hash).endsWith('.'.repeat(53)),
    async (_, { cost } = {}) => `$2b$${cost}$${randomBytes(40).toString('hex').slice(0, 53)}`,
  );
}

function mockBcrypt(verify: typeof bcrypt.verify, hash: typeof bcrypt.hash): BcryptWork {
  const counted: BcryptWork = { done: [] };
  vi.spyOn(bcrypt, 'verify').mockImplementation(async (password, stored) => {
    counted.done.push(2 ** Number(String(stored).slice(4, 6)));
    return verify(password, stored);
  });
  vi.spyOn(bcrypt, 'hash').mockImplementation(async (password, options) => {
    counted.done.push(2 ** Number(options?.cost));
    return hash(password, options);
  });
  return counted;
}

export const totalOf = ({ done }: BcryptWork): number =>
  done.reduce((total, work) => total + work, 0);

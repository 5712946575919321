import { afterEach, describe, expect, it } from 'vitest';
import {
  requireEnv,
  requireEnvOneOf,
  requirePositiveNumberEnv,
} from '../../../shared/runtime/config.ts';

const name = 'A_SETTING_OF_THIS_TEST';
afterEach(() => {
  delete process.env[name];
});

describe('a setting', () => {
  it('is an error that names it when it is absent or empty, and has no default', () => {
    expect(() => requireEnv(name)).toThrow(name);
    process.env[name] = '';
    expect(() => requireEnv(name)).toThrow(name);
    process.env[name] = 'x';
    expect(requireEnv(name)).toBe('x');
  });

  it.each(['0', '-1', 'x', 'Infinity', 'NaN', '1x'])('that is a number is not "%s"', (value) => {
    process.env[name] = value;
    expect(() => requirePositiveNumberEnv(name)).toThrow(name);
  });

  it('of a closed list is one of it, exactly', () => {
    process.env[name] = 'es256';
    expect(() => requireEnvOneOf(name, ['ES256', 'RS256'])).toThrow('ES256, RS256');
    process.env[name] = 'RS256';
    expect(requireEnvOneOf(name, ['ES256', 'RS256'])).toBe('RS256');
  });

  it('never shows its value in the error', () => {
    process.env[name] = 'a-secret';
    expect(() => requirePositiveNumberEnv(name)).not.toThrow('a-secret');
  });
});

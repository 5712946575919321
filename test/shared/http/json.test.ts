import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contract/errors.ts';
import { parseStrictJson } from '../../../shared/http/json.ts';

const refused = (text: string) => {
  try {
    parseStrictJson(text);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('malformed_json');
    return;
  }
  expect.fail(`took ${text.slice(0, 100)}`);
};

describe('strict JSON', () => {
  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('\uFFFD') && !text.includes('__proto__'));
        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('reads nothing that JSON.parse does not', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          JSON.parse(text);
        } catch {
          refused(text);
        }
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['white space', '  \n'],
    ['half of an object', '{"a":1'],
    ['two values', '{}{}'],
    ['a comma too many', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['a comment', '{"a":1/**/}'],
    ['NaN', '{"a":NaN}'],
    ['a leading zero', '{"a":01}'],
    ['a line break in a string', '{"a":"\n"}'],
    ['a byte order mark', '\uFEFF{}'],
    ['what was not UTF-8', '{"a":"\uFFFD"}'],
    ['a member twice', '{"a":1,"a":2}'],
    ['a member twice, spelled otherwise', '{"a":1,"\\u0061":2}'],
    ['a member twice, deep inside', '{"x":[{"y":{"a":1,"b":2,"a":3}}]}'],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['__proto__, spelled otherwise', '{"\\u005f_proto__":{}}'],
    ['__proto__ deep inside', '{"a":[{"__proto__":1}]}'],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`],
    ['a million levels', `${'['.repeat(1e6)}${']'.repeat(1e6)}`],
    ['65 levels of objects', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`],
  ])('refuses %s (check 76)', (_, text) => {
    refused(text);
  });

  it.each([
    ['the same member in two objects', '[{"a":1},{"a":2},{"b":{"a":3}}]'],
    ['a value that looks like a member', '{"a":"a\\":","b":"a"}'],
    ['brackets and quotes in strings', '{"a":"}{][\\"","b":"\\\\"}'],
    ['64 levels', `${'['.repeat(64)}${']'.repeat(64)}`],
    ['__proto__ as a value', '{"a":"__proto__"}'],
  ])('reads %s', (_, text) => {
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  it('pollutes nothing (check 76)', () => {
    refused('{"__proto__":{"polluted":true}}');
    parseStrictJson('{"constructor":{"prototype":{"polluted":true}}}');

    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

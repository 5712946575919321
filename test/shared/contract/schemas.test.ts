import { describe, expect, it, vi } from 'vitest';
import { CompanyName, Email, TenantId } from '../../../shared/contract/schemas.ts';
import { userIds } from '../../../shared/identity/ids.ts';
import { newId } from '../../../shared/runtime/ids.ts';
import { tenantIds } from '../../../shared/tenants/ids.ts';

const localPart64 = 'a'.repeat(64);
const label63 = 'b'.repeat(63);

describe('an email', () => {
  it.each([
    ['Alice@Example.COM', 'alice@example.com'],
    ['  alice@example.com ', 'alice@example.com'],
    ['a.b+tag@example.com', 'a.b+tag@example.com'],
    ["o'hara@example.co.uk", "o'hara@example.co.uk"],
    [`${localPart64}@example.com`, `${localPart64}@example.com`],
    [`a@${label63}.com`, `a@${label63}.com`],
    ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
  ])('%s is kept as %s (check 53)', (given, kept) => {
    expect(Email.parse(given)).toBe(kept);
  });

  it('keeps dots and plus tags: they are other people (check 53)', () => {
    const emails = ['ab@example.com', 'a.b@example.com', 'ab+c@example.com'];
    expect(new Set(emails.map((email) => Email.parse(email))).size).toBe(3);
  });

  it('is not looked at beyond its length: spaces cost nothing (check 53)', () => {
    const trim = vi.spyOn(String.prototype, 'replace');

    expect(Email.safeParse(`a${' '.repeat(16_000)}b@example.com`).success).toBe(false);

    expect(trim).not.toHaveBeenCalled();
    trim.mockRestore();
  });

  it('has at most 254 characters (check 53)', () => {
    const domain = `${label63}.${label63}.${'c'.repeat(57)}.com`;
    expect(Email.safeParse(`${'a'.repeat(254 - 1 - domain.length)}@${domain}`).success).toBe(true);
    expect(Email.safeParse(`${'a'.repeat(255 - 1 - domain.length)}@${domain}`).success).toBe(false);
  });

  it.each([
    ['a dot at the end', 'alice@example.com.'],
    ['two dots in the domain', 'alice@example..com'],
    ['two dots in the local part', 'a..b@example.com'],
    ['a dot first', '.alice@example.com'],
    ['a dot before the @', 'alice.@example.com'],
    ['no domain', 'alice@'],
    ['no local part', '@example.com'],
    ['no dot in the domain', 'alice@localhost'],
    ['an IP address as domain', 'alice@[127.0.0.1]'],
    ['an IP address', 'alice@127.0.0.1'],
    ['two @', 'alice@bob@example.com'],
    ['a name around it', 'Alice <alice@example.com>'],
    ['a second address', 'alice@example.com,bob@example.com'],
    ['quotes', '"alice"@example.com'],
    ['a comment', 'alice(x)@example.com'],
    ['a space inside', 'ali ce@example.com'],
    ['a header', 'alice@example.com\r\nBcc: bob@example.com'],
    ['a line break at the end', 'alice@example.com\n'],
    ['a line break first', '\r\nalice@example.com'],
    ['a tab', 'alice@example.com\t'],
    ['a NUL', 'alice\0@example.com'],
    ['a Cyrillic а', 'аlice@example.com'],
    ['a Cyrillic domain', 'alice@exаmple.com'],
    ['a Kelvin sign, which lower case makes a k', 'alice@\u212Aiosk.example'],
    ['a dotted capital I', 'al\u0130ce@example.com'],
    ['a full-width @', 'alice＠example.com'],
    ['a zero-width space', 'alice\u200B@example.com'],
    ['a no-break space at the end', 'alice@example.com\u00A0'],
    ['a hyphen before the dot', 'alice@example-.com'],
    ['65 characters before the @', `${localPart64}a@example.com`],
    ['a label of 64 characters', `a@${label63}b.com`],
    ['nothing', ''],
  ])('may not have %s (check 53)', (_, given) => {
    expect(Email.safeParse(given).success).toBe(false);
  });
});

describe('a company name', () => {
  it.each(['AB', 'Example Ltd', 'Ромашка', '株式会社', "O'Hara & Søns <3", 'a'.repeat(255)])(
    'may be %s',
    (name) => {
      expect(CompanyName.parse(name)).toBe(name);
    },
  );

  it('loses the spaces around it', () => {
    expect(CompanyName.parse('  Example Ltd\t')).toBe('Example Ltd');
  });

  it.each(['', ' ', 'a', ' a ', 'a'.repeat(256), 'a\nb', 'a\0b', 'a\u0085b', 'ab\ud800'])(
    'may not be %j',
    (name) => {
      expect(CompanyName.safeParse(name).success).toBe(false);
    },
  );
});

describe('an id', () => {
  it('is what newId makes, and nothing of another kind or spelling', () => {
    const id = newId(tenantIds);
    expect(TenantId.parse(id)).toBe(id);
    for (const other of [
      newId(userIds),
      id.toLowerCase(),
      `${id}0`,
      id.slice(0, -1),
      `${id}\n`,
      ` ${id}`,
      `${id}#x`,
    ])
      expect(TenantId.safeParse(other).success).toBe(false);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const sources = Object.keys(
  import.meta.glob('../../{shared,functions,infra,web,local}/**/*.{ts,js,json,html,css}'),
);

describe('the sources', () => {
  it.each([
    ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
    ['a private JSON web key', /"d"\s*:\s*"[\w-]{20,}"/],
    ['an AWS access key', /\bA(?:KIA|SIA)[0-9A-Z]{16}\b/],
    ['a token', /\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\./],
    ['an API key of ours', /\btky_[\w-]{43}\b/],
    ['a bcrypt hash', /\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}/],
  ])('never have %s in them (check 19)', (_, secret) => {
    expect(sources.length).toBeGreaterThan(60);
    const found = sources.filter((path) =>
      secret.test(readFileSync(new URL(path, import.meta.url), 'utf8')),
    );

    expect(found).toEqual([]);
  });
});

import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { useForge, withRawMember } from '../../harness/forge.ts';
import { ecSigner, encode, hmacSigner, makeJws, signerFor } from '../../harness/jws.ts';
import { useWorld } from '../../harness/world.ts';

const forge = useForge(useWorld());
const { authorize, expectRefused, goodHeader, goodClaims, ours, oursRaw } = forge;

describe('algorithms', () => {
  it.each(['none', 'None', 'nOnE', 'NONE', ''])(
    'refuses a token with alg "%s", signed or not (check 1)',
    async (alg) => {
      const header = { ...goodHeader(), alg };
      await expectRefused(makeJws(header, goodClaims(), () => Buffer.alloc(0)));
      await expectRefused(makeJws(header, goodClaims(), () => Buffer.from('x')));
      await expectRefused(makeJws(header, goodClaims(), signerFor(forge.key)));
    },
  );

  it('refuses a token without alg (check 1)', async () => {
    const { alg: _, ...header } = goodHeader();
    await expectRefused(makeJws(header, goodClaims(), () => Buffer.alloc(0)));
    await expectRefused(makeJws(header, goodClaims(), signerFor(forge.key)));
  });

  it.each([
    ['PEM', () => Buffer.from(forge.publicKey.export({ type: 'spki', format: 'pem' }))],
    [
      'trimmed PEM',
      () => Buffer.from(String(forge.publicKey.export({ type: 'spki', format: 'pem' })).trim()),
    ],
    ['DER', () => forge.publicKey.export({ type: 'spki', format: 'der' })],
    ['JWK', () => Buffer.from(JSON.stringify(forge.publicKey.export({ format: 'jwk' })))],
    ['raw point', () => forge.publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)],
    ['x coordinate', () => Buffer.from(String(forge.key.jwk.x), 'base64url')],
  ])('refuses HS256 with our public key as secret, as %s (check 2)', async (_, secret) => {
    await expectRefused(
      makeJws({ ...goodHeader(), alg: 'HS256' }, goodClaims(), hmacSigner(secret())),
    );
    await expectRefused(makeJws(goodHeader(), goodClaims(), hmacSigner(secret())));
  });

  it.each(['RS256', 'PS256', 'ES384', 'ES512', 'EdDSA', 'HS256', 'HS512', 'es256', 'ES256K'])(
    'refuses %s for the id of an ES256 key (check 3)',
    async (alg) => {
      await expectRefused(ours({ alg }));
    },
  );

  it('refuses an RS256 signature of another key under the id of an ES256 key (check 3)', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const header = { ...goodHeader(), alg: 'RS256' };
    await expectRefused(
      makeJws(header, goodClaims(), (input) => sign('sha256', input, rsa.privateKey)),
    );
  });

  it('refuses a signature of another key of the right algorithm', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await expectRefused(makeJws(goodHeader(), goodClaims(), ecSigner(other.privateKey)));
  });
});

describe('form', () => {
  it.each([
    ['an unknown crit', { crit: ['exp'], exp: 1 }],
    ['an extension that nobody knows', { crit: ['urn:example:x'], 'urn:example:x': true }],
    ['an empty crit', { crit: [] }],
    ['a crit that is no list', { crit: 'b64' }],
    ['a crit of numbers', { crit: [1] }],
    ['b64 false', { b64: false, crit: ['b64'] }],
    ['b64 false without crit', { b64: false }],
    ['b64 true in crit', { b64: true, crit: ['b64'] }],
  ])('refuses %s (check 11)', async (_, header) => {
    await expectRefused(ours(header));
  });

  it('refuses an unencoded payload (check 11)', async () => {
    const header = encode({ ...goodHeader(), b64: false, crit: ['b64'] });
    const payload = JSON.stringify(goodClaims());
    const signature = signerFor(forge.key)(Buffer.from(`${header}.${payload}`)).toString(
      'base64url',
    );
    await expectRefused(`${header}.${payload}.${signature}`);
  });

  it.each([
    ['padding on the signature', ([h, p, s]: string[]) => `${h}.${p}.${s}==`],
    ['padding on the header', ([h, p, s]: string[]) => `${h}=.${p}.${s}`],
    ['a space before', ([h, p, s]: string[]) => ` ${h}.${p}.${s}`],
    ['a line break after', ([h, p, s]: string[]) => `${h}.${p}.${s}\n`],
    ['a space inside', ([h, p, s]: string[]) => `${h}.${p?.slice(0, 8)} ${p?.slice(8)}.${s}`],
    ['a percent sign', ([h, p, s]: string[]) => `${h}.${p}.${s}%`],
    ['two segments', ([h, p]: string[]) => `${h}.${p}`],
    ['four segments', ([h, p, s]: string[]) => `${h}.${p}.${s}.${s}`],
    ['five segments', ([h, p, s]: string[]) => `${h}.${p}.${s}.${s}.${s}`],
    ['an empty segment at the end', ([h, p, s]: string[]) => `${h}.${p}.${s}.`],
    ['no signature', ([h, p]: string[]) => `${h}.${p}.`],
    ['no payload', ([h, , s]: string[]) => `${h}..${s}`],
    ['nothing', () => ''],
    ['dots', () => '..'],
  ])('refuses %s (check 12)', async (_, change) => {
    await expectRefused(change(forge.owner.access_token.split('.')));
  });

  it('refuses a signature with spare bits set (check 12)', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const token = ours();
    const last = alphabet.indexOf(token.slice(-1));
    // 64 bytes leave four spare bits in the last of 86 characters.
    const twin = token.slice(0, -1) + alphabet[last + 1];
    expect(Buffer.from(twin.split('.')[2] ?? '', 'base64url')).toEqual(
      Buffer.from(token.split('.')[2] ?? '', 'base64url'),
    );

    await expectRefused(twin);
  });

  it('refuses standard base64 in place of base64url (check 12)', async () => {
    const token = ours({}, { note: '???>>>???' });
    const [header, payload = '', signature] = token.split('.');
    const standard = Buffer.from(payload, 'base64url').toString('base64').replaceAll('=', '');
    expect(standard).toMatch(/[+/]/);

    await expectRefused(`${header}.${standard}.${signature}`);
  });

  it('refuses the JSON serialization (check 12)', async () => {
    const [header, payload, signature] = ours().split('.');
    await expectRefused(JSON.stringify({ protected: header, payload, signature }));
  });

  it('takes the last of duplicate members, and nothing else of them (check 13)', async () => {
    const claims = JSON.stringify(goodClaims());
    const header = JSON.stringify(goodHeader());
    const other = `"tenant_id":"tnt_${'0'.repeat(26)}"`;
    const twice = claims.replace('{', `{${other},`);

    const answer = await authorize(oursRaw(header, twice));

    expect(answer).toMatchObject({ context: { tenant_id: forge.owner.tenantId } });
    await expectRefused(
      oursRaw(
        header.replace('{', '{"alg":"ES256",').replace(/"ES256"(?!.*"ES256")/, '"none"'),
        claims,
      ),
    );
    await expectRefused(oursRaw(header.replace('}', ',"kid":"other"}'), claims));
  });

  it.each([
    ['all zeros, which are r = s = 0', Buffer.alloc(64)],
    ['r = 0', Buffer.concat([Buffer.alloc(32), Buffer.alloc(32, 1)])],
    ['all ones', Buffer.alloc(64, 0xff)],
    ['one byte', Buffer.alloc(1)],
    ['one byte too long', Buffer.alloc(65)],
    ['one byte too short', Buffer.alloc(63)],
    [
      'the order of the curve',
      Buffer.from(
        'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'.repeat(2),
        'hex',
      ),
    ],
  ])('refuses a signature of %s (check 14)', async (_, signature) => {
    await expectRefused(makeJws(goodHeader(), goodClaims(), () => signature));
  });

  it('refuses a good signature in DER form, cut short or with something after it (check 14)', async () => {
    const signer = signerFor(forge.key);
    await expectRefused(makeJws(goodHeader(), goodClaims(), ecSigner(forge.privateKey, 'der')));
    await expectRefused(
      makeJws(goodHeader(), goodClaims(), (input) => signer(input).subarray(0, 63)),
    );
    await expectRefused(
      makeJws(goodHeader(), goodClaims(), (input) =>
        Buffer.concat([signer(input), Buffer.alloc(1)]),
      ),
    );
  });

  it('refuses a token whose header, claims or signature was changed', async () => {
    const [header, payload, signature] = ours().split('.');
    const raised = encode({ ...goodClaims(), tenant_id: `tnt_${'0'.repeat(26)}` });
    await expectRefused(`${header}.${raised}.${signature}`);
    await expectRefused(`${encode({ ...goodHeader(), extra: 1 })}.${payload}.${signature}`);
    await expectRefused(`${header}.${payload}.${encode('no signature at all')}`);
  });

  it.each(['null', '[]', '"text"', '7', 'true', '{', '', '{"a":}', '\u0000'])(
    'refuses %j as header and as payload',
    async (json) => {
      await expectRefused(oursRaw(json, JSON.stringify(goodClaims())));
      await expectRefused(oursRaw(JSON.stringify(goodHeader()), json));
    },
  );

  it('refuses a token of 16 kB and deeply nested JSON (check 18)', async () => {
    await expectRefused(ours({}, { padding: 'x'.repeat(16_384) }));
    const deep = '['.repeat(10_000) + ']'.repeat(10_000);
    await expectRefused(
      oursRaw(JSON.stringify(goodHeader()), withRawMember(goodClaims(), 'deep', deep)),
    );
    const small = '['.repeat(1000) + ']'.repeat(1000);
    await expectRefused(
      makeJws(withRawMember(goodHeader(), 'deep', small), withRawMember({}, 'deep', small), () =>
        Buffer.alloc(64),
      ),
    );
  });
});

import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { APIGatewayAuthorizerResult } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { rotateKeys, type SigningKey } from '../../shared/signing-keys.ts';
import { minute, second, travel } from '../support/clock.ts';
import {
  decode,
  ecSigner,
  encode,
  hmacSigner,
  makeJws,
  privateKeyOf,
  signerFor,
} from '../support/jws.ts';
import { type Member, useWorld } from '../support/world.ts';

const world = useWorld();
let owner: Member;
let key: SigningKey;
let privateKey: KeyObject;
let publicKey: KeyObject;
let trap: { server: Server; url: string; requests: number };

beforeAll(async () => {
  owner = await world.signUp();
  const [signingKey] = world.signingKeys;
  if (!signingKey) throw new Error('There is no signing key');
  key = signingKey;
  privateKey = privateKeyOf(key);
  publicKey = createPublicKey(privateKey);
  trap = await startTrap();
});
afterAll(() => trap.server.close());
// Each test has an authorizer that has just loaded: what it remembers must not outlive a test's clock.
beforeEach(() => {
  vi.resetModules();
});

/** Whoever follows a URL out of a token ends here. */
async function startTrap() {
  const found = { server: createServer(), url: '', requests: 0 };
  found.server.on('connection', () => {
    found.requests += 1;
  });
  await new Promise<void>((resolve) => found.server.listen(0, '127.0.0.1', resolve));
  const address = found.server.address();
  if (typeof address !== 'object' || !address) throw new Error('The trap has no port');
  found.url = `http://127.0.0.1:${address.port}/jwks.json`;
  return found;
}

async function authorize(
  token: string,
  scheme = 'Bearer',
): Promise<APIGatewayAuthorizerResult | 'Unauthorized'> {
  const { handler } = await import('../../functions/authorizer.ts');
  return handler({
    type: 'TOKEN',
    methodArn: 'arn:aws:execute-api:eu-central-1:000000000000:abc123/main/GET/api/v1/tenants/me',
    authorizationToken: `${scheme} ${token}`,
  }).catch((error: unknown) => {
    if (error instanceof Error && error.message === 'Unauthorized') return 'Unauthorized';
    throw error;
  });
}

const now = () => Math.floor(Date.now() / 1000);
const goodHeader = () => ({ alg: 'ES256', kid: key.kid, typ: 'at+jwt' });
const goodClaims = () => {
  const { claims } = decode(owner.access_token);
  return { ...claims, iat: now(), exp: now() + 900 };
};

/** A token with our own signature on whatever header and claims a test wants. */
const ours = (header: object = {}, claims: object = {}) =>
  makeJws({ ...goodHeader(), ...header }, { ...goodClaims(), ...claims }, signerFor(key));

/** The same with texts, for JSON that no object can be. */
const oursRaw = (header: string, claims: string) => makeJws(header, claims, signerFor(key));

/** JSON of an object in which one member's value is given as text. */
function withRawMember(object: object, name: string, raw: string): string {
  return JSON.stringify({ ...object, [name]: '@' }).replace('"@"', raw);
}

const expectAllowed = async (token: string) =>
  expect(await authorize(token)).toMatchObject({ principalId: owner.userId });
const expectRefused = async (token: string) => expect(await authorize(token)).toBe('Unauthorized');

describe('a good token', () => {
  it('is let pass, also one that a test signs by hand', async () => {
    await expectAllowed(owner.access_token);
    await expectAllowed(ours());
  });

  it.each(['bearer', 'BEARER', 'bEaReR'])('may come with the scheme %s', async (scheme) => {
    expect(await authorize(owner.access_token, scheme)).toMatchObject({
      principalId: owner.userId,
    });
  });

  it.each(['Basic', 'Token', '', 'Bearer Bearer', 'Bearer,'])(
    'may not come with the scheme "%s"',
    async (scheme) => {
      expect(await authorize(owner.access_token, scheme)).toBe('Unauthorized');
    },
  );
});

describe('algorithms', () => {
  it.each(['none', 'None', 'nOnE', 'NONE', ''])(
    'refuses a token with alg "%s", signed or not (check 1)',
    async (alg) => {
      const header = { ...goodHeader(), alg };
      await expectRefused(makeJws(header, goodClaims(), () => Buffer.alloc(0)));
      await expectRefused(makeJws(header, goodClaims(), () => Buffer.from('x')));
      await expectRefused(makeJws(header, goodClaims(), signerFor(key)));
    },
  );

  it('refuses a token without alg (check 1)', async () => {
    const { alg: _, ...header } = goodHeader();
    await expectRefused(makeJws(header, goodClaims(), () => Buffer.alloc(0)));
    await expectRefused(makeJws(header, goodClaims(), signerFor(key)));
  });

  it.each([
    ['PEM', () => Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }))],
    [
      'trimmed PEM',
      () => Buffer.from(String(publicKey.export({ type: 'spki', format: 'pem' })).trim()),
    ],
    ['DER', () => publicKey.export({ type: 'spki', format: 'der' })],
    ['JWK', () => Buffer.from(JSON.stringify(publicKey.export({ format: 'jwk' })))],
    ['raw point', () => publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)],
    ['x coordinate', () => Buffer.from(String(key.jwk.x), 'base64url')],
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

describe('keys that a token brings along', () => {
  it('never uses jwk, jku, x5u or x5c, and asks nobody for them (check 4)', async () => {
    const thief = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = thief.publicKey.export({ format: 'jwk' });
    const certificate = thief.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    await expectAllowed(ours());
    const calls = world.awsCalls;

    for (const header of [
      { jwk },
      { jku: trap.url },
      { x5u: trap.url },
      { x5c: [certificate] },
      { jwk, jku: trap.url, x5u: trap.url, x5c: [certificate], 'x5t#S256': 'x' },
    ]) {
      for (const kid of [{}, { kid: undefined }, { kid: trap.url }]) {
        await expectRefused(
          makeJws({ ...goodHeader(), ...header, ...kid }, goodClaims(), ecSigner(thief.privateKey)),
        );
      }
    }

    expect(trap.requests).toBe(0);
    expect(world.awsCalls).toBe(calls);
  });

  it.each([
    ['a path', '../../dev/null'],
    ['SQL', "x' UNION SELECT 'secret' --"],
    ['NoSQL', '{"$ne":null}'],
    ['a member of every object', '__proto__'],
    ['a method of every object', 'constructor'],
    ['10 kB', 'k'.repeat(10_000)],
    ['nothing', ''],
    ['a NUL', 'a\0b'],
    ['a number', 7],
    ['an object', { $gt: '' }],
    ['a list', ['x']],
    ['null', null],
    ['an unknown id', 'unknown'],
  ])('refuses %s as kid (check 5)', async (_, kid) => {
    await expectRefused(ours({ kid }));
  });

  it('refuses a list that only prints as our kid (check 5)', async () => {
    await expectRefused(ours({ kid: [key.kid] }));
  });

  it('looks for new keys on an unknown kid, but once in 30 seconds (check 5)', async () => {
    await expectAllowed(ours());
    travel(31 * second);
    const before = world.awsCalls;

    await Promise.all(
      Array.from({ length: 50 }, (_, index) => expectRefused(ours({ kid: `unknown-${index}` }))),
    );
    for (let index = 0; index < 10; index += 1) await expectRefused(ours({ kid: `more-${index}` }));

    expect(world.awsCalls - before).toBe(1);
  });

  it('does not ask more often while Secrets Manager fails, and serves on with what it knows (check 5)', async () => {
    await expectAllowed(ours());
    travel(31 * second);
    world.awsAnswers('GetSecretValue', () => ({ error: 'AccessDeniedException' }));
    const before = world.awsCalls;

    for (let index = 0; index < 10; index += 1) await expectRefused(ours({ kid: `fail-${index}` }));
    await expectAllowed(ours());

    expect(world.awsCalls - before).toBe(1);
  });

  it('takes a token of a key that was published after it loaded', async () => {
    await expectAllowed(ours());
    travel(31 * second);
    world.signingKeys = await rotateKeys(world.signingKeys, 'ES256', Date.now());
    const newest = world.signingKeys.at(-1);
    if (!newest) throw new Error('There is no new key');

    await expectAllowed(
      makeJws({ ...goodHeader(), kid: newest.kid }, goodClaims(), signerFor(newest)),
    );
  });
});

describe('kinds of token', () => {
  it.each(['JWT', 'jwt', 'registration+jwt', 'at', '', 'application/jwt', 'at+jwt ', 7, null])(
    'refuses typ %j (check 6)',
    async (typ) => {
      await expectRefused(ours({ typ }));
    },
  );

  it('refuses a token without typ (check 6)', async () => {
    const { typ: _, ...header } = goodHeader();
    await expectRefused(makeJws(header, goodClaims(), signerFor(key)));
  });

  it.each(['application/at+jwt', 'AT+JWT'])('takes typ %s (check 6)', async (typ) => {
    await expectAllowed(ours({ typ }));
  });
});

describe('claims', () => {
  it.each([
    'urn:tenantry:test/',
    'urn:tenantry:tes',
    'URN:TENANTRY:TEST',
    '',
    null,
    undefined,
    ['urn:tenantry:test'],
    7,
  ])('refuses the issuer %j (check 7)', async (iss) => {
    await expectRefused(ours({}, { iss }));
  });

  it.each([
    'tenantry',
    'tenantry-api/',
    'tenantry-registration',
    '',
    null,
    undefined,
    [],
    ['someone-else'],
    { 0: 'tenantry-api' },
  ])('refuses the audience %j (check 8)', async (aud) => {
    await expectRefused(ours({}, { aud }));
  });

  it('takes a list of audiences with ours in it (check 8)', async () => {
    await expectAllowed(ours({}, { aud: ['someone-else', 'tenantry-api'] }));
  });

  it('lets an expired token pass within the leeway of 5 seconds and no longer (check 9)', async () => {
    const token = ours({}, { iat: now() - 890, exp: now() + 10 });
    await expectAllowed(token);
    travel(14 * second);
    await expectAllowed(token);

    travel(2 * second);

    await expectRefused(token);
  });

  it.each([
    ['1e400', '1e400'],
    ['negative', '-1'],
    ['zero', '0'],
    ['a string', '"9999999999"'],
    ['null', 'null'],
    ['true', 'true'],
    ['a list', '[9999999999]'],
    ['beyond safe integers', '1e300'],
    ['years ahead', '9999999999'],
  ])('refuses an exp that is %s (check 9)', async (_, exp) => {
    await expectRefused(
      oursRaw(JSON.stringify(goodHeader()), withRawMember(goodClaims(), 'exp', exp)),
    );
  });

  it('refuses an exp with a fraction, and none at all (check 9)', async () => {
    await expectRefused(ours({}, { exp: now() + 100.5 }));
    await expectRefused(ours({}, { exp: undefined }));
  });

  it.each([
    ['in the future', () => String(now() + 60)],
    ['1e400', () => '1e400'],
    ['a string', () => `"${now() - 60}"`],
    ['null', () => 'null'],
  ])('refuses an nbf that is %s (check 9)', async (_, nbf) => {
    await expectRefused(
      oursRaw(JSON.stringify(goodHeader()), withRawMember(goodClaims(), 'nbf', nbf())),
    );
  });

  it.each(['sub', 'tenant_id', 'role', 'sid', 'jti', 'iat', 'exp', 'iss', 'aud'])(
    'refuses a token without %s',
    async (claim) => {
      await expectRefused(ours({}, { [claim]: undefined }));
    },
  );

  it.each(['root', 'Owner', 'OWNER', '', null, ['owner'], 'constructor'])(
    'refuses the role %j (check 57)',
    async (role) => {
      await expectRefused(ours({}, { role }));
    },
  );

  it('issues every claim of RFC 9068, for exactly 900 seconds (check 10)', () => {
    const { header, claims } = decode(owner.access_token);

    expect(header).toEqual({ alg: 'ES256', kid: key.kid, typ: 'at+jwt' });
    expect(claims).toEqual({
      iss: 'urn:tenantry:test',
      aud: 'tenantry-api',
      sub: owner.userId,
      client_id: 'tenantry',
      iat: expect.any(Number),
      exp: Number(claims.iat) + 900,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      tenant_id: owner.tenantId,
      role: 'owner',
      sid: owner.sessionId,
    });
    expect(owner.expires_in).toBe(900);
  });

  it('refuses a token that would live longer than 900 seconds, even one of ours (check 10)', async () => {
    await expectAllowed(ours({}, { iat: now(), exp: now() + 900 }));
    await expectRefused(ours({}, { iat: now(), exp: now() + 901 }));
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
    const signature = signerFor(key)(Buffer.from(`${header}.${payload}`)).toString('base64url');
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
    await expectRefused(change(owner.access_token.split('.')));
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

    expect(answer).toMatchObject({ context: { tenant_id: owner.tenantId } });
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
    const signer = signerFor(key);
    await expectRefused(makeJws(goodHeader(), goodClaims(), ecSigner(privateKey, 'der')));
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

describe('the answer to API Gateway', () => {
  it('allows the whole stage, since the gateway remembers it for every method (check 66)', async () => {
    const answer = await authorize(owner.access_token);

    expect(answer).toEqual({
      principalId: owner.userId,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'execute-api:Invoke',
            Effect: 'Allow',
            Resource: 'arn:aws:execute-api:eu-central-1:000000000000:abc123/main/*/*',
          },
        ],
      },
      context: {
        tenant_id: owner.tenantId,
        user_id: owner.userId,
        role: 'owner',
        session_id: owner.sessionId,
        expires_at: decode(owner.access_token).claims.exp,
      },
    });
  });

  it('has only strings and numbers in its context, as API Gateway demands (check 66)', async () => {
    const answer = await authorize(owner.access_token);
    if (answer === 'Unauthorized') throw new Error('refused');
    for (const value of Object.values(answer.context ?? {}))
      expect(['string', 'number']).toContain(typeof value);
  });

  it('does not let headers of the client speak for the authorizer (check 66)', async () => {
    const other = await world.signUp();
    const headers = {
      tenant_id: other.tenantId,
      'x-tenant-id': other.tenantId,
      'x-amzn-tenant-id': other.tenantId,
      'x-amz-tenant-id': other.tenantId,
      user_id: other.userId,
      role: 'owner',
      'x-amzn-request-context-authorizer': JSON.stringify({ tenant_id: other.tenantId }),
    };

    const answer = await world.send('GET', '/api/v1/tenants/me', {
      token: owner.access_token,
      headers,
    });

    expect(answer.body).toMatchObject({ id: owner.tenantId });
  });

  it('is an error, never an Allow, when the keys cannot be read (check 68)', async () => {
    for (const failure of [
      () => ({ error: 'AccessDeniedException' }),
      () => ({ error: 'InternalServiceError', status: 500 }),
      () => ({ hangUp: true }) as const,
      () => ({ members: {} }),
      () => ({ members: { SecretString: '{"keys":[]}' } }),
      () => ({ members: { SecretString: 'not JSON' } }),
    ]) {
      world.awsAnswers('GetSecretValue', failure);
      vi.resetModules();

      const outcome = await authorize(owner.access_token).then(
        (result) => result,
        (error: unknown) => error,
      );

      expect(outcome).toBeInstanceOf(Error);
      expect(outcome).not.toMatchObject({ message: 'Unauthorized' });
    }
  });

  it('serves on with the keys it has while Secrets Manager fails', async () => {
    await expectAllowed(ours());
    world.awsAnswers('GetSecretValue', () => ({ error: 'AccessDeniedException' }));
    travel(11 * minute);

    await expectAllowed(ours());
  });
});

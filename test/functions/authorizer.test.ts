import { describe, expect, it, vi } from 'vitest';
import { minute, second, travel } from '../../harness/clock.ts';
import { useForge, withRawMember } from '../../harness/forge.ts';
import { decode, makeJws, signerFor } from '../../harness/jws.ts';
import { useWorld } from '../../harness/world.ts';

const world = useWorld();
const forge = useForge(world);
const { authorize, expectAllowed, expectRefused, goodHeader, goodClaims, now, ours, oursRaw } =
  forge;

describe('a good token', () => {
  it('is let pass, also one that a test signs by hand', async () => {
    await expectAllowed(forge.owner.access_token);
    await expectAllowed(ours());
  });

  it.each(['bearer', 'BEARER', 'bEaReR'])('may come with the scheme %s', async (scheme) => {
    expect(await authorize(forge.owner.access_token, scheme)).toMatchObject({
      principalId: forge.owner.userId,
    });
  });

  it.each(['Basic', 'Token', '', 'Bearer Bearer', 'Bearer,'])(
    'may not come with the scheme "%s"',
    async (scheme) => {
      expect(await authorize(forge.owner.access_token, scheme)).toBe('Unauthorized');
    },
  );
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
    await expectRefused(makeJws(header, goodClaims(), signerFor(forge.key)));
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
    const { header, claims } = decode(forge.owner.access_token);

    expect(header).toEqual({ alg: 'ES256', kid: forge.key.kid, typ: 'at+jwt' });
    expect(claims).toEqual({
      iss: 'urn:tenantry:test',
      aud: 'tenantry-api',
      sub: forge.owner.userId,
      client_id: 'tenantry',
      iat: expect.any(Number),
      exp: Number(claims.iat) + 900,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      tenant_id: forge.owner.tenantId,
      role: 'owner',
      sid: forge.owner.sessionId,
    });
    expect(forge.owner.expires_in).toBe(900);
  });

  it('refuses a token that would live longer than 900 seconds, even one of ours (check 10)', async () => {
    await expectAllowed(ours({}, { iat: now(), exp: now() + 900 }));
    await expectRefused(ours({}, { iat: now(), exp: now() + 901 }));
  });
});

describe('the answer to API Gateway', () => {
  it('allows the whole stage, since the gateway remembers it for every method (check 66)', async () => {
    const answer = await authorize(forge.owner.access_token);

    expect(answer).toEqual({
      principalId: forge.owner.userId,
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
        tenant_id: forge.owner.tenantId,
        user_id: forge.owner.userId,
        role: 'owner',
        session_id: forge.owner.sessionId,
        expires_at: decode(forge.owner.access_token).claims.exp,
      },
    });
  });

  it('has only strings and numbers in its context, as API Gateway demands (check 66)', async () => {
    const answer = await authorize(forge.owner.access_token);
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
      token: forge.owner.access_token,
      headers,
    });

    expect(answer.body).toMatchObject({ id: forge.owner.tenantId });
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

      const outcome = await authorize(forge.owner.access_token).then(
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

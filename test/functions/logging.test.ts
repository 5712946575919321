import { describe, expect, it } from 'vitest';
import { minute, travel } from '../../harness/clock.ts';
import { allItems } from '../../harness/items.ts';
import { logLines, outputOf } from '../../harness/output.ts';
import { listAs, take, useSampleScope } from '../../harness/sample.ts';
import { claimsOf, randomAddress, type TokenBody, useWorld } from '../../harness/world.ts';

const world = useWorld();
useSampleScope();
const canary = {
  email: 'canary-of-the-email@example.com',
  password: 'canary of the password',
  wrongPassword: 'canary of the wrong password',
  company: 'Canary Of The Company',
  awsToken: 'canary-of-the-aws-token',
  userAgent: 'canary-of-the-agent\r\n{"level":"ERROR","message":"forged"}',
  label: 'CANARY-OF-THE-LABEL',
  address: '203.0.113.77',
};

describe('the logs of a whole journey', () => {
  it('never have a password, token, ticket, key, email or address, and tell who did what (check 80)', async () => {
    const secrets: string[] = Object.values(canary).filter((value) => value !== canary.userAgent);
    world.purchases.set(canary.awsToken, {
      CustomerAWSAccountId: '111122223333',
      LicenseArn: 'arn:aws:license-manager::294406891311:license:l-canary0000',
      ProductCode: 'tenantry-demo',
    });
    const sent = {
      address: canary.address,
      headers: { 'User-Agent': canary.userAgent, Cookie: 'canary-of-the-cookie=1' },
    };
    secrets.push('canary-of-the-cookie');
    let tokens: TokenBody | undefined;

    const output = await outputOf(async () => {
      const registration = await world.send<{ registration_ticket: string }>(
        'POST',
        '/marketplace/register',
        { ...sent, body: { 'x-amzn-marketplace-token': canary.awsToken } },
      );
      secrets.push(registration.body.registration_ticket);
      const completed = await world.send<TokenBody>('POST', '/marketplace/complete-profile', {
        ...sent,
        body: {
          registration_ticket: registration.body.registration_ticket,
          email: canary.email,
          password: canary.password,
          company_name: canary.company,
        },
      });
      tokens = completed.body;
      await world.login(canary.email, canary.wrongPassword, sent);
      await world.login('canary-of-nobody@example.com', canary.password, sent);
      const login = await world.login(canary.email, canary.password, sent);
      const refreshed = await world.refresh(login.body.refresh_token, sent);
      const token = refreshed.body.access_token;
      const key = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
        ...sent,
        token,
        body: { name: 'sensor' },
      });
      await take(world, {
        ...sent,
        apiKey: key.body.key,
        body: { samples: [canary.label] },
      });
      await listAs(world, { ...sent, token, query: { label: canary.label } });
      await world.send('POST', '/api/v1/auth/register', {
        ...sent,
        body: { email: canary.email, password: canary.password, company_name: canary.company },
      });
      await world.send('POST', '/api/v1/auth/login', {
        ...sent,
        raw: `{"email":"${canary.email}"`,
      });
      await world.send('POST', '/api/v1/auth/login', {
        ...sent,
        body: { email: canary.email, password: canary.password, [canary.label]: 1 },
      });
      await world.send('GET', '/api/v1/tenants/me', {
        ...sent,
        token: `${token.slice(0, -4)}AAAA`,
      });
      travel(minute);
      await world.refresh(login.body.refresh_token, sent);
      await world.send('POST', '/api/v1/auth/logout', { ...sent, token: tokens.access_token });
      for (const body of [completed.body, login.body, refreshed.body])
        secrets.push(
          body.access_token,
          body.refresh_token,
          ...body.refresh_token.split('.').slice(3),
        );
      secrets.push(key.body.key, 'canary-of-nobody');
    });

    for (const secret of secrets) {
      expect(output).not.toContain(secret);
      expect(output).not.toContain(encodeURIComponent(secret));
    }
    expect(output).not.toMatch(/\$2[aby]\$/);
    expect(output).not.toContain('"d":');
    const { tenantId, userId } = claimsOf(tokens?.access_token ?? '');
    const events = logLines(output).filter(({ event }) => event !== undefined);
    const named = (event: string) => events.filter((line) => line.event === event);
    const who = { tenant_id: tenantId, user_id: userId, request_id: expect.any(String) };
    expect(named('tenant.registered')).toMatchObject([{ tenant_id: tenantId }]);
    expect(named('tenant.profile_completed')).toMatchObject([who]);
    const { user_id: subject, ...where } = who;
    expect(named('user.sign_in_refused')).toMatchObject([
      { ...where, subject, reason: 'wrong_password' },
      { reason: 'unknown_email' },
    ]);
    expect(named('user.signed_in')).toMatchObject([who]);
    expect(named('session.token_reused')).toMatchObject([who]);
    expect(named('user.signed_out')).toMatchObject([who]);
    const reused = logLines(output).filter(({ RefreshTokenReused }) => RefreshTokenReused === 1);
    expect(reused).toHaveLength(1);
    expect(logLines(output).filter(({ message }) => message === 'token_refused')).toHaveLength(1);
  });

  it('have one line of its own for each request, whatever a header holds (check 80)', async () => {
    const forged = '\r\n{"level":"ERROR","message":"forged"}\u2028\u001b[31m';

    const output = await outputOf(async () => {
      const headers = {
        'User-Agent': `x${forged}`,
        'X-Request-Id': `y${forged}`,
        'X-Amzn-Trace-Id': `z${forged}`,
        Accept: forged,
      };
      await world.send('GET', '/api/v1/health', { headers });
      await world.login('nobody@example.com', `password${forged}`, { headers });
      await world.send('POST', '/api/v1/auth/register', {
        headers,
        body: {
          email: 'forger@example.com',
          password: 'correct horse battery',
          company_name: 'Example Ltd',
        },
        address: randomAddress(),
      });
    });

    expect(output).not.toContain('forged');
    expect(output).not.toContain('\r');
    expect(output).not.toContain('\u001b');
    for (const line of output.split('\n').filter(Boolean))
      expect(() => JSON.parse(line)).not.toThrow();
    const requests = logLines(output).filter(({ message }) => message === 'request');
    expect(requests).toHaveLength(3);
  });

  it('keep the agent of a session as it came, cut to 256 characters, in the table alone', async () => {
    const items = await allItems();

    const agents = items.flatMap(({ user_agent }) => (user_agent ? [String(user_agent)] : []));

    expect(agents.length).toBeGreaterThan(0);
    for (const agent of agents) expect(agent.length).toBeLessThanOrEqual(256);
  });
});

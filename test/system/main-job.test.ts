import { RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { useSystem } from '../../harness/system.ts';

// The tests come from one address and sign up more often than one may.
const system = useSystem({ LIMITS_MULTIPLIER: '100' });

/** Rotates as the command does, through the real client. */
async function rotateSigningKeys(): Promise<void> {
  const { endpoints, secretArn } = system.cloud;
  const client = new SecretsManagerClient({
    region: 'us-east-1',
    endpoint: endpoints.secretsManager,
    credentials: { accessKeyId: 'operator', secretAccessKey: 'local' },
  });
  await client.send(new RotateSecretCommand({ SecretId: secretArn('SigningKeys') }));
  client.destroy();
}

describe('the main job', () => {
  it('gives one tenant to 50 registrations of one purchase at once', async () => {
    const token = await system.buy();

    const replies = await Promise.all(Array.from({ length: 50 }, () => system.register(token)));

    expect(replies.map(({ status }) => status)).toEqual(new Array(50).fill(200));
    expect(new Set(replies.map(({ body }) => body.tenant_id)).size).toBe(1);
  });

  it('gives one successor to 50 refreshes of one token at once, and signs nobody out', async () => {
    const owner = await system.newOwner();
    const refresh = (token: string) =>
      system.send<{ refresh_token: string }>('POST', '/api/v1/auth/refresh', {
        body: { refresh_token: token },
      });

    const replies = await Promise.all(
      Array.from({ length: 50 }, () => refresh(owner.refresh_token)),
    );

    expect(replies.map(({ status }) => status)).toEqual(new Array(50).fill(200));
    const successors = new Set(replies.map(({ body }) => body.refresh_token));
    expect(successors.size).toBe(1);
    expect((await refresh([...successors][0] ?? '')).status).toBe(200);
  });

  it('sends a browser on to the welcome page with a ticket and without the AWS token', async () => {
    const token = await system.buy({ offer_type: 'free-trial' });

    const reply = await system.send('POST', '/marketplace/register', {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'text/html,application/xhtml+xml',
      },
      body: new URLSearchParams({
        'x-amzn-marketplace-token': token,
        'x-amzn-marketplace-offer-type': 'free-trial',
      }).toString(),
    });

    expect(reply.status).toBe(303);
    const location = reply.headers.get('location') ?? '';
    expect(location).toMatch(/^\/welcome#ticket=[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(location).not.toContain(encodeURIComponent(token));
    expect(reply.headers.get('set-cookie')).toBeNull();
  });

  it('registers the same tenant however the buyer comes back', async () => {
    const token = await system.buy();
    const first = await system.register(token);

    const again = await system.send(
      'GET',
      `/marketplace/register?token=${encodeURIComponent(token)}`,
    );

    expect(again).toMatchObject({ status: 200, body: { tenant_id: first.body.tenant_id } });
  });

  it('signs nobody out when the signing keys rotate', async () => {
    const owner = await system.newOwner();
    const before = await system.send<{ keys: { kid: string }[] }>('GET', '/.well-known/jwks.json');

    await rotateSigningKeys();

    const reply = await system.send('GET', '/api/v1/tenants/me', { token: owner.access_token });
    expect(reply.status).toBe(200);
    expect(before.body.keys.length).toBe(1);
  });
});

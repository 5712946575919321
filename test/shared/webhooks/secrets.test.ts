import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsServer, startAws } from '../../../harness/aws.ts';
import { logLines, outputOf } from '../../../harness/output.ts';

let aws: AwsServer;
beforeAll(async () => {
  aws = await startAws({ GetSecretValue: () => ({ members: { SecretString: 'sealing key' } }) });
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = aws.endpoint;
});
afterAll(() => aws.stop());

const load = () =>
  Promise.all([
    import('../../../shared/webhooks/secrets.ts'),
    import('../../../shared/webhooks/attempts.ts'),
  ]);
const [tenant, webhook] = ['tnt_1', 'whk_1'];

describe('a signature', () => {
  it('is that of the test vector of Standard Webhooks (check 70)', async () => {
    const [{ sealWebhookSecret }, { signatureHeaders }] = await load();
    const secret = await sealWebhookSecret(
      tenant,
      webhook,
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    );
    const body = '{"test": 2432232314}';
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';

    const headers = await signatureHeaders(
      { secret },
      { id, tenant_id: tenant, webhook_id: webhook, body },
      1614265330_000,
    );

    expect(headers).toEqual({
      'webhook-id': id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is one for each secret while they rotate, separated by a space (check 70)', async () => {
    const [{ newWebhookSecret, sealWebhookSecret }, { signatureHeaders }] = await load();
    const secrets = [newWebhookSecret(), newWebhookSecret()];
    const [secret = '', previous_secret = ''] = await Promise.all(
      secrets.map((one) => sealWebhookSecret(tenant, webhook, one)),
    );
    const nowMs = Date.now();
    const delivery = { id: 'msg_1', tenant_id: tenant, webhook_id: webhook, body: '{"a":1}' };
    const until = (ms: number) => ({
      secret,
      previous_secret,
      previous_until: new Date(nowMs + ms).toISOString(),
    });

    const both = await signatureHeaders(until(1), delivery, nowMs);
    const one = await signatureHeaders(until(0), delivery, nowMs);

    expect(both['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    for (const each of secrets) new Webhook(each).verify(delivery.body, both);
    expect(one['webhook-signature']).toMatch(/^v1,\S+$/);
  });

  it('is that of the new secret alone where the one before does not open any more', async () => {
    const [{ newWebhookSecret, sealWebhookSecret }, { signatureHeaders }] = await load();
    const fresh = newWebhookSecret();
    const secret = await sealWebhookSecret(tenant, webhook, fresh);
    const previous_secret = await sealWebhookSecret(tenant, 'whk_other', newWebhookSecret());
    const nowMs = Date.now();
    const previous_until = new Date(nowMs + 1000).toISOString();
    const delivery = { id: 'msg_1', tenant_id: tenant, webhook_id: webhook, body: '{"a":1}' };
    let headers: Record<string, string> = {};

    const output = await outputOf(async () => {
      headers = await signatureHeaders(
        { secret, previous_secret, previous_until },
        delivery,
        nowMs,
      );
    });

    expect(headers['webhook-signature']).toMatch(/^v1,\S+$/);
    new Webhook(fresh).verify(delivery.body, headers);
    expect(logLines(output)).toContainEqual(
      expect.objectContaining({ message: 'previous_secret_unreadable', webhook_id: webhook }),
    );
  });
});

describe('a sealed secret', () => {
  it('opens for its tenant and its webhook, and for nobody else', async () => {
    const [{ openWebhookSecret, sealWebhookSecret, UnreadableSecretError }] = await load();
    const sealed = await sealWebhookSecret(tenant, webhook, 'whsec_c2VjcmV0');

    expect(await openWebhookSecret(tenant, webhook, sealed)).toBe('whsec_c2VjcmV0');
    for (const [otherTenant, otherWebhook] of [
      ['tnt_2', webhook],
      [tenant, 'whk_2'],
    ] as const)
      await expect(openWebhookSecret(otherTenant, otherWebhook, sealed)).rejects.toThrow(
        UnreadableSecretError,
      );
    await expect(openWebhookSecret(tenant, webhook, `${sealed}x`)).rejects.toThrow(
      UnreadableSecretError,
    );
  });

  it('is different every time, and no cursor', async () => {
    const [{ sealWebhookSecret }] = await load();
    const { openCursor } = await import('../../../shared/runtime/cursors.ts');
    const [one = '', two] = await Promise.all(
      [1, 2].map(() => sealWebhookSecret(tenant, webhook, 'whsec_c2VjcmV0')),
    );

    expect(one).not.toBe(two);
    const scope = { tenantId: tenant, list: 'webhook-secret', filters: {} };
    await expect(openCursor(scope, one)).rejects.toMatchObject({ code: 'invalid_cursor' });
  });
});

describe('the retries', () => {
  it('end after about three days', async () => {
    const [, { retryDelays }] = await load();
    const hours = retryDelays.reduce((total, seconds) => total + seconds, 0) / 3600;

    expect(hours).toBeGreaterThan(60);
    expect(hours).toBeLessThan(80);
  });
});

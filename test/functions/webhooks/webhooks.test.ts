import { describe, expect, it } from 'vitest';
import { hour, travel } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { useWebhooks, type WebhookBody } from '../../../harness/webhooks/webhooks.ts';
import { useWorld } from '../../../harness/world.ts';

const world = useWorld();
const webhooks = useWebhooks(world);
const wanted = { url: 'https://93.184.215.14/hook', events: ['tenant.updated'] };

describe('a webhook', () => {
  it('is created with a secret of its own, which is shown once and stored sealed (check 70)', async () => {
    const { member, webhook } = await webhooks.fresh('tenant.updated', 'detection.created');
    const other = await webhooks.send<WebhookBody>(member, 'POST', '', wanted);

    const key = Buffer.from(webhook.secret.slice('whsec_'.length), 'base64');
    expect(webhook.secret).toMatch(/^whsec_[A-Za-z0-9+/]+={0,2}$/);
    expect(key.length).toBeGreaterThanOrEqual(24);
    expect(key.length).toBeLessThanOrEqual(64);
    expect(other.body.secret).not.toBe(webhook.secret);
    const { body: again } = await webhooks.send<WebhookBody>(member, 'GET', `/${webhook.id}`);
    expect(again).toEqual({ ...webhook, secret: undefined });
    expect(JSON.stringify(await allItems())).not.toContain(webhook.secret.slice(6));
  });

  it('never has its secret in a log', async () => {
    let secrets: string[] = [];
    const output = await outputOf(async () => {
      const { member, webhook } = await webhooks.fresh();
      const rotated = await webhooks.send<WebhookBody>(
        member,
        'POST',
        `/${webhook.id}/rotate-secret`,
      );
      await webhooks.rename(member, 'Another name');
      await webhooks.drain();
      secrets = [webhook.secret, rotated.body.secret];
    });

    expect(output).toContain('delivery_attempt');
    for (const secret of secrets) expect(output).not.toContain(secret.slice(6));
  });

  it('is listed, newest first, changed and deleted', async () => {
    const { member, webhook } = await webhooks.fresh();
    travel(1000);
    const { body: second } = await webhooks.send<WebhookBody>(member, 'POST', '', {
      ...wanted,
      description: 'The second',
    });

    const list = await webhooks.send<{ items: WebhookBody[] }>(member, 'GET', '');
    expect(list.body.items.map(({ id }) => id)).toEqual([second.id, webhook.id]);

    const changed = await webhooks.send<WebhookBody>(member, 'PATCH', `/${second.id}`, {
      events: ['api_key.created', 'api_key.deleted'],
      description: null,
      enabled: false,
    });
    expect(changed.body).toMatchObject({
      url: wanted.url,
      events: ['api_key.created', 'api_key.deleted'],
      description: null,
      enabled: false,
      disabled_reason: 'by_hand',
    });
    const on = await webhooks.send<WebhookBody>(member, 'PATCH', `/${second.id}`, {
      enabled: true,
    });
    expect(on.body).toMatchObject({ enabled: true, disabled_reason: null });

    expect((await webhooks.send(member, 'DELETE', `/${second.id}`)).status).toBe(204);
    expect((await webhooks.send(member, 'DELETE', `/${second.id}`)).status).toBe(404);
    expect((await webhooks.send(member, 'GET', `/${second.id}`)).status).toBe(404);
  });

  it('has its URL as it is requested, when created and when changed', async () => {
    const member = await world.signUp();
    const url = ' HTTPS://Bücher.example:443/a b/../hook?ü ';
    const normal = 'https://xn--bcher-kva.example/hook?%C3%BC';

    const created = await webhooks.send<WebhookBody>(member, 'POST', '', { ...wanted, url });
    const changed = await webhooks.send<WebhookBody>(member, 'PATCH', `/${created.body.id}`, {
      url: `${url}&more`,
    });

    expect(created.body.url).toBe(normal);
    expect(changed.body.url).toBe(`${normal}%20&more`);
  });

  it.each([
    ['an event that nobody publishes', { events: ['detection.exploded'] }, '/events/0'],
    ['an event twice', { events: ['tenant.updated', 'tenant.updated'] }, '/events'],
    ['no event', { events: [] }, '/events'],
    ['something that is no URL', { url: 'not a url' }, '/url'],
    ['half a character in its URL', { url: 'https://93.184.215.14/\ud800' }, '/url'],
    ['a tab in its URL', { url: 'https://93.184\t.215.14/' }, '/url'],
    ['a line end in its URL', { url: 'https://93.184.215.14/\nhook' }, '/url'],
    ['a line end after its URL', { url: 'https://93.184.215.14/hook\n' }, '/url'],
    ['a URL that grows too long', { url: `https://93.184.215.14/${'ä'.repeat(1000)}` }, '/url'],
    ['another protocol', { url: 'ftp://93.184.215.14/' }, '/url'],
    ['credentials in its URL', { url: 'https://user:secret@93.184.215.14/' }, '/url'],
    ['a member that is not known', { colour: 'red' }, '/colour'],
  ])('is refused with %s', async (_, body, pointer) => {
    const member = await world.signUp();

    const answer = await webhooks.send<{ errors: { pointer: string }[] }>(member, 'POST', '', {
      ...wanted,
      ...body,
    });

    expect(answer.status).toBe(422);
    expect(answer.body.errors.map((error) => error.pointer)).toEqual([pointer]);
  });

  it('exists at most twenty times in a tenant, also when many are created at once', async () => {
    const member = await world.signUp();
    for (let index = 0; index < 16; index += 1) await webhooks.send(member, 'POST', '', wanted);

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => webhooks.send<{ code?: string }>(member, 'POST', '', wanted)),
    );

    const { body } = await webhooks.send<{ items: WebhookBody[] }>(member, 'GET', '');
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(body.items.length - 16);
    expect(body.items.length).toBeLessThanOrEqual(20);
    while ((await webhooks.send(member, 'POST', '', wanted)).status === 201);
    const full = await webhooks.send<{ code?: string }>(member, 'POST', '', wanted);
    expect(full).toMatchObject({ status: 409, body: { code: 'too_many_webhooks' } });
    await webhooks.send(member, 'DELETE', `/${body.items[0]?.id}`);
    expect((await webhooks.send(member, 'POST', '', wanted)).status).toBe(201);
  });

  it('gets a new secret, and the one before goes on for 24 hours (check 70)', async () => {
    const { member, webhook } = await webhooks.fresh();

    const { body } = await webhooks.send<WebhookBody>(
      member,
      'POST',
      `/${webhook.id}/rotate-secret`,
    );

    expect(body.secret).not.toBe(webhook.secret);
    expect(Date.parse(body.previous_secret_until ?? '') - Date.now()).toBeGreaterThan(23.9 * hour);
    travel(25 * hour);
    expect((await webhooks.now(member, webhook)).previous_secret_until).toBeNull();
  });

  it('is nobody else’s: another tenant finds, changes, tests and deletes nothing', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.rename(member, 'Something happened');
    await webhooks.drain();
    const [delivery] = await webhooks.deliveries(member, webhook);
    const { member: stranger } = await webhooks.fresh();

    const tries: [string, string, object?][] = [
      ['GET', `/${webhook.id}`],
      ['PATCH', `/${webhook.id}`, { enabled: false }],
      ['DELETE', `/${webhook.id}`],
      ['POST', `/${webhook.id}/rotate-secret`],
      ['POST', `/${webhook.id}/test`],
      ['GET', `/${webhook.id}/deliveries`],
      ['POST', `/${webhook.id}/deliveries/${delivery?.id}/replay`],
    ];
    for (const [method, path, body] of tries)
      expect((await webhooks.send(stranger, method, path, body)).status, path).toBe(404);
    const { body } = await webhooks.send<WebhookBody>(member, 'GET', `/${webhook.id}`);
    expect(body.enabled).toBe(true);
  });

  it('can be made to send test events and replays only so often (check 74)', async () => {
    const { member, webhook } = await webhooks.fresh();
    const { useUp } = await import('../../../harness/items.ts');
    await useUp('webhooks.tenant', member.tenantId, 60);

    const answer = await webhooks.send<{ code: string }>(member, 'POST', `/${webhook.id}/test`);

    expect(answer).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(answer.headers.ratelimit).toMatch(/^"webhooks\.tenant";r=0;t=\d+$/);
    expect(answer.headers['ratelimit-policy']).toBe('"webhooks.tenant";q=60;w=60');
  });

  it('is created, changed and given a new secret only so often, and deleted at any time', async () => {
    const { member, webhook } = await webhooks.fresh();
    const { useUp } = await import('../../../harness/items.ts');
    await useUp('webhook_changes.tenant', member.tenantId, 120);

    const answers = await Promise.all([
      webhooks.send<{ code: string }>(member, 'POST', '', wanted),
      webhooks.send<{ code: string }>(member, 'PATCH', `/${webhook.id}`, { enabled: false }),
      webhooks.send<{ code: string }>(member, 'POST', `/${webhook.id}/rotate-secret`),
    ]);

    for (const { status, body, headers } of answers) {
      expect([status, body.code]).toEqual([429, 'rate_limited']);
      expect(headers.ratelimit).toMatch(/^"webhook_changes\.tenant";r=0;t=\d+$/);
    }
    expect((await webhooks.send(member, 'DELETE', `/${webhook.id}`)).status).toBe(204);
  });

  it('leaves security events with ids of whatever is done to it, and nothing of what it is', async () => {
    let names = {};
    const output = await outputOf(async () => {
      const { member, webhook } = await webhooks.fresh();
      names = { tenant_id: member.tenantId, user_id: member.userId, subject: webhook.id };
      const url = `${webhooks.receiver.url}/private-part`;
      await webhooks.send(member, 'PATCH', `/${webhook.id}`, { url, enabled: false });
      await webhooks.send(member, 'POST', `/${webhook.id}/rotate-secret`);
      await webhooks.send(member, 'DELETE', `/${webhook.id}`);
    });

    const lines = logLines(output);
    for (const event of ['created', 'changed', 'secret_rotated', 'deleted'])
      expect(lines).toContainEqual(
        expect.objectContaining({ event: `webhook.${event}`, ...names }),
      );
    expect(output).not.toContain('private-part');
  });
});

import { Webhook as Signer } from 'standardwebhooks';
import { describe, expect, it, vi } from 'vitest';
import { day, hour, minute, second, travel } from '../../../harness/clock.ts';
import { allItems, setTenantStatus } from '../../../harness/items.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { verified } from '../../../harness/webhooks/receiver.ts';
import {
  type DeliveryBody,
  useWebhooks,
  type WebhookBody,
} from '../../../harness/webhooks/webhooks.ts';
import { type Member, useWorld } from '../../../harness/world.ts';
import { webhookKeys } from '../../../shared/webhooks/keys.ts';

const world = useWorld();
const webhooks = useWebhooks(world);

/** Lets the clock go to a delivery's next attempt, and makes it. */
async function nextAttempt(delivery: DeliveryBody | undefined): Promise<void> {
  if (!delivery?.next_attempt_at) throw new Error('No attempt follows');
  travel(Date.parse(delivery.next_attempt_at) - Date.now() + second);
  const isItsOwn = ({ body }: { body: string }) => body.includes(delivery.id);
  if (!world.queued.some(isItsOwn)) await webhooks.sweep();
  const messages = world.queued.filter(isItsOwn).map(({ body }) => body);
  world.queued.splice(0);
  await webhooks.deliver(messages);
}

/** Brings a stored delivery into a state that would take days to reach. */
async function setDelivery(
  { tenantId }: Member,
  webhook: Pick<WebhookBody, 'id'>,
  deliveryId: string,
  attributes: Record<string, number | string>,
): Promise<void> {
  const { updateItem } = await import('../../../shared/table/table.ts');
  const names = Object.keys(attributes);
  await updateItem({
    Key: webhookKeys.delivery(tenantId, webhook.id, deliveryId),
    UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(
      names.map((name) => [`:${name}`, attributes[name]]),
    ),
  });
}

describe('a delivery', () => {
  it('verifies with the reference library and tells what has happened (check 70)', async () => {
    const { member, webhook } = await webhooks.fresh('tenant.updated');

    await webhooks.rename(member, 'New name');
    await webhooks.drain();

    const [received] = webhooks.receiver.received;
    if (!received) throw new Error('Nothing was received');
    expect(verified(webhook.secret, received)).toEqual({
      type: 'tenant.updated',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: { id: member.tenantId, name: 'New name', version: 2 },
    });
    const [delivery] = await webhooks.deliveries(member, webhook);
    expect(delivery).toMatchObject({
      id: received.headers['webhook-id'],
      type: 'tenant.updated',
      status: 'delivered',
      attempts: 1,
      response_status: 204,
      error: null,
      next_attempt_at: null,
    });
    expect(received.headers['content-type']).toBe('application/json');
  });

  it('does not verify with another secret, a changed body or an old timestamp (checks 70, 71)', async () => {
    const { member, webhook } = await webhooks.fresh();
    const { webhook: other } = await webhooks.fresh();
    await webhooks.rename(member, 'New name');
    await webhooks.drain();

    const [received] = webhooks.receiver.received;
    if (!received) throw new Error('Nothing was received');
    expect(() => verified(other.secret, received)).toThrow(/signature/);
    expect(() => verified(webhook.secret, { ...received, body: `${received.body} ` })).toThrow();
    travel(6 * minute);
    expect(() => verified(webhook.secret, received)).toThrow(/too old/);
  });

  it('carries two signatures while a secret rotates, and one after 24 hours (check 70)', async () => {
    const { member, webhook } = await webhooks.fresh();
    const { body: rotated } = await webhooks.send<WebhookBody>(
      member,
      'POST',
      `/${webhook.id}/rotate-secret`,
    );
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.drain();

    const [first] = webhooks.receiver.received;
    if (!first) throw new Error('Nothing was received');
    expect(String(first.headers['webhook-signature']).split(' ')).toHaveLength(2);
    for (const secret of [webhook.secret, rotated.secret]) verified(secret, first);

    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    travel(25 * hour);
    await webhooks.drain();
    const second = webhooks.receiver.received[1];
    if (!second) throw new Error('Nothing more was received');
    verified(rotated.secret, second);
    expect(() => verified(webhook.secret, second)).toThrow();
  });

  it('goes only to webhooks that asked for the event and are switched on', async () => {
    const { member, webhook } = await webhooks.fresh('api_key.created');
    await webhooks.send(member, 'POST', '', {
      url: webhooks.receiver.url,
      events: ['tenant.updated'],
    });
    const { body: off } = await webhooks.send<WebhookBody>(member, 'POST', '', {
      url: webhooks.receiver.url,
      events: ['api_key.created'],
    });
    await webhooks.send(member, 'PATCH', `/${off.id}`, { enabled: false });

    await world.send('POST', '/api/v1/api-keys', {
      token: member.access_token,
      body: { name: 'sensor' },
    });
    await webhooks.drain();

    expect(webhooks.receiver.received).toHaveLength(1);
    const [received] = webhooks.receiver.received;
    if (!received) throw new Error('Nothing was received');
    const event = verified(webhook.secret, received);
    expect(event).toMatchObject({ type: 'api_key.created', data: { name: 'sensor' } });
    expect(received.body).not.toContain('tky_');
  });

  it('is one for all detections that are stored together, with their ids', async () => {
    const { member, webhook } = await webhooks.fresh('detection.created');
    const { body: key } = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
      token: member.access_token,
      body: { name: 'sensor' },
    });
    const seen = { source_ip: '192.0.2.1', label: 'MALWARE', probability: 0.5 };
    const report = (...ids: string[]) =>
      world.send('POST', '/api/v1/detections', {
        apiKey: key.key,
        body: { detections: ids.map((id) => ({ id, ...seen })) },
      });

    await report('one', 'two');
    await report('two', 'three');
    await report('three');
    await webhooks.drain();

    const events = webhooks.receiver.received.map((each) => verified(webhook.secret, each).data);
    expect(events).toHaveLength(2);
    expect(events).toContainEqual({ count: 2, detection_ids: ['one', 'two'] });
    expect(events).toContainEqual({ count: 1, detection_ids: ['three'] });
  });

  it.each<[string, (member: Member, apiKey: string) => Promise<unknown>]>([
    ['tenant.updated', (member) => webhooks.rename(member, 'Renamed at the last moment')],
    [
      'api_key.created',
      (member) =>
        world.send('POST', '/api/v1/api-keys', {
          token: member.access_token,
          body: { name: 'at the last moment' },
        }),
    ],
    [
      'detection.created',
      (_, apiKey) =>
        world.send('POST', '/api/v1/detections', {
          apiKey,
          body: { detections: [{ source_ip: '192.0.2.1', label: 'MALWARE', probability: 0.5 }] },
        }),
    ],
  ])('%s is not lost when its function dies right after the change', async (type, change) => {
    const { member } = await webhooks.fresh(type);
    const { body: key } = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
      token: member.access_token,
      body: { name: 'before' },
    });
    await webhooks.drain();
    webhooks.receiver.received.splice(0);
    const { tableClient } = await import('../../../shared/table/table.ts');
    let hasHappened = false;
    world.awsAnswers('SendMessage', () => ({ error: 'InvalidAddress' }));
    tableClient.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (hasHappened) throw new Error('The function is dead');
          const answer = await next(args);
          hasHappened ||= commandName === 'TransactWriteItemsCommand';
          return answer;
        },
      { step: 'initialize', name: 'death' },
    );

    await change(member, key.key).finally(() => tableClient.middlewareStack.remove('death'));

    expect(hasHappened).toBe(true);
    world.aws?.reset();
    travel(11 * minute);
    await webhooks.sweep();
    await webhooks.drain();
    expect(webhooks.receiver.received.map(({ body }) => JSON.parse(body).type)).toEqual([type]);
  });

  it('that nobody can be told of does not undo what has happened', async () => {
    const { member } = await webhooks.fresh('tenant.updated');
    world.awsAnswers('SendMessage', () => ({ error: 'InvalidAddress' }));

    expect((await webhooks.rename(member, 'Still renamed')).status).toBe(200);

    world.aws?.reset();
    expect(world.queued).toEqual([]);
    travel(11 * minute);
    await webhooks.sweep();
    await webhooks.drain();
    expect(webhooks.receiver.received).toHaveLength(1);
  });
});

describe('a receiver', () => {
  it.each([301, 302, 307, 400, 401, 404, 429, 500, 503])(
    'that answers %i is tried again, with the same id and body, and never elsewhere (check 72)',
    async (status) => {
      const { member, webhook } = await webhooks.fresh();
      webhooks.receiver.answer = {
        status,
        headers: { location: `${webhooks.receiver.url}/other` },
      };
      await webhooks.send(member, 'POST', `/${webhook.id}/test`);
      const [queued] = world.queued;
      await webhooks.deliver([queued?.body ?? '']);

      const [delivery] = await webhooks.deliveries(member, webhook);
      expect(delivery).toMatchObject({ status: 'pending', attempts: 1, response_status: status });
      webhooks.receiver.answer = { status: 200 };
      await nextAttempt(delivery);

      const [first, again, ...others] = webhooks.receiver.received;
      expect(others).toEqual([]);
      expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
      expect(again?.body).toBe(first?.body);
      if (!again) throw new Error('It was not tried again');
      verified(webhook.secret, again);
    },
  );

  it('that wants to switch protocols is tried again as if it had refused', async () => {
    const { member, webhook } = await webhooks.fresh();
    webhooks.receiver.answer = { status: 101, headers: { connection: 'Upgrade', upgrade: 'h2c' } };
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    const [queued] = world.queued.splice(0);

    const { batchItemFailures } = await webhooks.deliver([queued?.body ?? '']);

    expect(batchItemFailures).toEqual([]);
    const [delivery] = await webhooks.deliveries(member, webhook);
    expect(delivery).toMatchObject({ status: 'pending', attempts: 1, response_status: 101 });
    webhooks.receiver.answer = { status: 204 };
    await nextAttempt(delivery);
    expect((await webhooks.deliveries(member, webhook))[0]?.status).toBe('delivered');
  });

  it('that fails for three days is switched off, with a security event', async () => {
    const { member, webhook } = await webhooks.fresh();
    webhooks.receiver.answer = { status: 500, body: 'broken' };
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    const startedAt = Date.now();
    const waits: number[] = [];

    const output = await outputOf(async () => {
      await webhooks.deliver([world.queued.splice(0)[0]?.body ?? '']);
      for (let tries = 1; tries < 10; tries += 1) {
        const [delivery] = await webhooks.deliveries(member, webhook);
        waits.push(Date.parse(delivery?.next_attempt_at ?? '') - Date.now());
        await nextAttempt(delivery);
      }
    });

    const [delivery] = await webhooks.deliveries(member, webhook);
    expect(delivery).toMatchObject({ status: 'failed', attempts: 10, response_body: 'broken' });
    expect(webhooks.receiver.received).toHaveLength(10);
    const { retryDelays } = await import('../../../shared/webhooks/attempts.ts');
    for (const [index, seconds] of retryDelays.entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(seconds * 0.8 * second - second);
      expect(waits[index]).toBeLessThanOrEqual(seconds * 1.2 * second);
    }
    expect(Date.now() - startedAt).toBeGreaterThan(2.4 * day);
    expect(Date.now() - startedAt).toBeLessThan(4 * day);
    expect(await webhooks.now(member, webhook)).toMatchObject({
      enabled: false,
      disabled_reason: 'failing',
    });
    expect(logLines(output)).toContainEqual(
      expect.objectContaining({
        event: 'webhook.disabled',
        subject: webhook.id,
        reason: 'failing',
      }),
    );
  });

  it('of a suspended tenant is told nothing, and everything once the tenant is back', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await setTenantStatus(member, 'SUSPENDED');

    await webhooks.deliver([world.queued.splice(0)[0]?.body ?? '']);

    expect(webhooks.receiver.received).toHaveLength(0);
    await setTenantStatus(member, 'ACTIVE');
    const [waiting] = await webhooks.deliveries(member, webhook);
    expect(waiting).toMatchObject({ status: 'pending', attempts: 0 });
    await nextAttempt(waiting);
    expect(webhooks.receiver.received).toHaveLength(1);
  });

  it('that is gone (410) is switched off at once (check 70)', async () => {
    const { member, webhook } = await webhooks.fresh();
    webhooks.receiver.answer = { status: 410 };
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.drain();

    const [delivery] = await webhooks.deliveries(member, webhook);
    expect(delivery).toMatchObject({ status: 'failed', attempts: 1, error: 'gone' });
    expect(await webhooks.now(member, webhook)).toMatchObject({
      enabled: false,
      disabled_reason: 'gone',
    });
    const test = await webhooks.send<{ code: string }>(member, 'POST', `/${webhook.id}/test`);
    expect(test).toMatchObject({ status: 409, body: { code: 'webhook_disabled' } });
  });

  it.each([
    ['says that it is gone', 410, 'gone'],
    ['fails for the tenth time', 500, 'failing'],
  ])('that %s switches no webhook off that has left it meanwhile', async (_, status, reason) => {
    const { member, webhook } = await webhooks.fresh();
    const url = `${webhooks.receiver.url}/other`;
    const move = () => webhooks.send(member, 'PATCH', `/${webhook.id}`, { url });
    webhooks.receiver.answer = { status, meanwhile: move };
    const lastAttempt = async () => {
      const { body } = await webhooks.send<DeliveryBody>(member, 'POST', `/${webhook.id}/test`);
      await setDelivery(member, webhook, body.id, { attempts: 9, round: 9 });
      await webhooks.deliver(world.queued.splice(0).map((message) => message.body));
      const [delivery] = await webhooks.deliveries(member, webhook);
      expect(delivery?.status).toBe('failed');
    };

    await lastAttempt();
    expect(await webhooks.now(member, webhook)).toMatchObject({ enabled: true, url });
    await lastAttempt();
    expect(await webhooks.now(member, webhook)).toMatchObject({ disabled_reason: reason });
  });

  it('is given the time that it asks for (check 70)', async () => {
    const { member, webhook } = await webhooks.fresh();
    webhooks.receiver.answer = { status: 429, headers: { 'retry-after': '7200' } };
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.drain();

    const [delivery] = await webhooks.deliveries(member, webhook);
    const waitMs = Date.parse(delivery?.next_attempt_at ?? '') - Date.now();
    expect(waitMs).toBeGreaterThan(7100 * second);
    travel(hour);
    await webhooks.sweep();
    expect(world.queued.filter(({ body }) => body.includes(webhook.id))).toEqual([]);
  });

  it('is given four days at most, however long it asks to wait, and four more by a replay', async () => {
    const { member, webhook } = await webhooks.fresh();
    webhooks.receiver.answer = { status: 503, headers: { 'retry-after': '80000' } };
    const { body } = await webhooks.send<DeliveryBody>(member, 'POST', `/${webhook.id}/test`);
    const createdAtMs = Date.parse(body.created_at);
    const attemptsUntilItFails = async () => {
      await webhooks.deliver(world.queued.splice(0).map((message) => message.body));
      for (;;) {
        const [delivery] = await webhooks.deliveries(member, webhook);
        if (delivery?.status !== 'pending') return delivery;
        await nextAttempt(delivery);
      }
    };

    const first = await attemptsUntilItFails();
    expect(first).toMatchObject({ status: 'failed', attempts: 6, response_status: 503 });
    expect(Date.parse(first?.last_attempt_at ?? '') - createdAtMs).toBeLessThan(4 * day + minute);
    expect(await webhooks.now(member, webhook)).toMatchObject({ disabled_reason: 'failing' });

    travel(day);
    const replayedAtMs = Date.now();
    const { updateWebhook } = await import('../../../shared/webhooks/webhooks.ts');
    const { replayDelivery } = await import('../../../shared/webhooks/deliveries.ts');
    await updateWebhook(member, webhook.id, { enabled: true });
    await replayDelivery(member.tenantId, webhook.id, body.id);
    const second = await attemptsUntilItFails();
    expect(second).toMatchObject({ status: 'failed', attempts: 12 });
    expect(Date.parse(second?.last_attempt_at ?? '') - replayedAtMs).toBeGreaterThan(3.9 * day);
  });

  it('has at most 1 KB of its answer kept', async () => {
    const { member, webhook } = await webhooks.fresh();
    webhooks.receiver.answer = { status: 200, body: 'x'.repeat(100_000) };
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.drain();

    const [delivery] = await webhooks.deliveries(member, webhook);
    expect(delivery?.response_body).toBe('x'.repeat(1024));
  });
});

describe('a webhook at which ten attempts in a row have failed', () => {
  /** A webhook that rests, and two deliveries that came after it had begun to. */
  async function resting() {
    const { member, webhook } = await webhooks.fresh('tenant.updated');
    webhooks.receiver.answer = { status: 500 };
    for (let index = 0; index < 12; index += 1) {
      await webhooks.rename(member, `Name ${index}`);
      await webhooks.deliver(
        world.queued
          .splice(0)
          .slice(-1)
          .map(({ body }) => body),
      );
    }
    expect(webhooks.receiver.received).toHaveLength(10);
    const later = (await webhooks.deliveries(member, webhook)).slice(0, 2);
    webhooks.receiver.received.splice(0);
    return { member, webhook, later };
  }
  const due = async (webhook: WebhookBody) => {
    await webhooks.sweep();
    const isItsOwn = ({ body }: { body: string }) => body.includes(webhook.id);
    const messages = world.queued.filter(isItsOwn).map(({ body }) => body);
    world.queued.splice(0);
    await webhooks.deliver(messages);
  };

  it('rests: what is due waits for its next turn', async () => {
    const { later } = await resting();

    for (const delivery of later) {
      expect(delivery).toMatchObject({ status: 'pending', attempts: 0, error: 'webhook_resting' });
      expect(Date.parse(delivery.next_attempt_at ?? '')).toBeGreaterThan(Date.now());
    }
  });

  it('is tried once in five minutes, whatever is due', async () => {
    const { webhook } = await resting();

    for (let tries = 1; tries <= 3; tries += 1) {
      travel(50 * minute);
      await due(webhook);
      await due(webhook);
      expect(webhooks.receiver.received.length).toBe(tries);
    }
  });

  it('is told of everything once it has recovered', async () => {
    const { member, webhook } = await resting();
    webhooks.receiver.answer = { status: 204 };

    for (let hours = 0; hours < 24; hours += 1) {
      travel(hour);
      await due(webhook);
    }

    const deliveries = await webhooks.deliveries(member, webhook);
    expect(deliveries.filter(({ status }) => status === 'delivered')).toHaveLength(12);
    const item = (await allItems()).find(({ sk }) => sk === `WEBHOOK#${webhook.id}`);
    expect(item).not.toHaveProperty('failures');
  });

  it.each<
    [string, number, (member: Member, webhook: WebhookBody, later: string) => Promise<unknown>]
  >([
    ['a test', 3, (member, { id }) => webhooks.send(member, 'POST', `/${id}/test`)],
    [
      'a replay',
      2,
      (member, { id }, later) => webhooks.send(member, 'POST', `/${id}/deliveries/${later}/replay`),
    ],
  ])('is tried at once by %s, and success ends the rest', async (_, received, ask) => {
    const { member, webhook, later } = await resting();
    webhooks.receiver.answer = { status: 204 };

    await ask(member, webhook, later[0]?.id ?? '');
    await webhooks.drain();
    // What was asked for, and the two that rested.
    expect(webhooks.receiver.received).toHaveLength(received);
    await webhooks.rename(member, 'Once more');
    await webhooks.drain();
    expect(webhooks.receiver.received).toHaveLength(received + 1);
  });

  it.each([
    ['another URL', () => ({ url: `${webhooks.receiver.url}/other` })],
    ['being switched on', () => ({ enabled: true })],
  ])('rests no more after %s', async (_, change) => {
    const { member, webhook } = await resting();

    await webhooks.send(member, 'PATCH', `/${webhook.id}`, change());
    await webhooks.rename(member, 'Once more');
    await webhooks.deliver(world.queued.splice(0).map(({ body }) => body));

    expect(webhooks.receiver.received).toHaveLength(1);
  });

  it('is tried a last time for a delivery that ends', async () => {
    const { member, webhook, later } = await resting();
    const [delivery] = later;
    await setDelivery(member, webhook, delivery?.id ?? '', { round: 9 });

    await nextAttempt(delivery);

    expect(webhooks.receiver.received).toHaveLength(1);
    expect(await webhooks.now(member, webhook)).toMatchObject({ disabled_reason: 'failing' });
  });
});

describe('messages of the queue', () => {
  it('are grouped by tenant, so that the queue can be fair between tenants', async () => {
    const { member, webhook } = await webhooks.fresh();

    await webhooks.send(member, 'POST', `/${webhook.id}/test`);

    expect(world.queued.map(({ group }) => group)).toEqual([member.tenantId]);
  });

  it('that come twice or at once make one attempt, and none after it was delivered', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    const body = world.queued.splice(0)[0]?.body ?? '';

    const answers = await Promise.all([
      webhooks.deliver([body, body]),
      webhooks.deliver([body]),
      webhooks.deliver([body]),
    ]);
    await webhooks.deliver([body]);

    for (const { batchItemFailures } of answers) expect(batchItemFailures).toEqual([]);
    const ids = webhooks.receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids).toHaveLength(1);
    expect((await webhooks.deliveries(member, webhook))[0]?.status).toBe('delivered');
  });

  it('whose worker died come again with the same id: at least once', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    const body = world.queued.splice(0)[0]?.body ?? '';
    await webhooks.deliver([body]);
    const [item] = (await allItems()).filter(
      ({ webhook_id, body: sent }) => webhook_id === webhook.id && sent,
    );
    const { putItem } = await import('../../../shared/table/table.ts');
    // As a worker leaves it that dies between the receiver's answer and its own note of it.
    await putItem({ Item: { ...item, status: 'pending', claimed_until_ms: Date.now() + 1000 } });

    await webhooks.deliver([body]);
    expect(webhooks.receiver.received).toHaveLength(1);
    travel(2 * second);
    await webhooks.deliver([body]);

    const [first, again] = webhooks.receiver.received;
    expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  });

  it('at which we fail ourselves come again by the schedule, and never switch a webhook off', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    const [queued] = world.queued.splice(0);
    const broken = vi.spyOn(Signer.prototype, 'sign').mockImplementation(() => {
      throw new Error('Nobody thought of this');
    });

    const { batchItemFailures } = await webhooks.deliver([queued?.body ?? '']);
    const [first] = await webhooks.deliveries(member, webhook);
    for (let tries = 1; tries < 10; tries += 1)
      await nextAttempt((await webhooks.deliveries(member, webhook))[0]);
    broken.mockRestore();

    expect(batchItemFailures).toHaveLength(1);
    expect(first).toMatchObject({ status: 'pending', attempts: 1, error: 'internal_error' });
    const [last] = await webhooks.deliveries(member, webhook);
    expect(last).toMatchObject({ status: 'failed', attempts: 10, error: 'internal_error' });
    expect(await webhooks.now(member, webhook)).toMatchObject({ enabled: true });
  });

  it('of a delivery whose worker dies every time end with its ten attempts', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    const body = world.queued.splice(0)[0]?.body ?? '';
    // As workers leave it that die in the middle of each attempt.
    await setDelivery(member, webhook, JSON.parse(body).delivery_id, {
      attempts: 10,
      round: 10,
      claimed_until_ms: Date.now() + 30 * second,
    });

    await webhooks.deliver([body]);
    expect((await webhooks.deliveries(member, webhook))[0]?.status).toBe('pending');
    travel(minute);
    await webhooks.deliver([body]);

    expect(webhooks.receiver.received).toEqual([]);
    const [delivery] = await webhooks.deliveries(member, webhook);
    expect(delivery).toMatchObject({ status: 'failed', error: 'internal_error' });
  });

  it('that are poisonous fail alone and are not in the log (check 71)', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    const good = world.queued.splice(0)[0]?.body ?? '';
    let failures: { itemIdentifier: string }[] = [];

    const output = await outputOf(async () => {
      ({ batchItemFailures: failures } = await webhooks.deliver([
        'not json: hunter2',
        '{"tenant_id": 1}',
        good,
      ]));
    });

    expect(failures).toHaveLength(2);
    expect(webhooks.receiver.received).toHaveLength(1);
    expect(output).toContain('message_failed');
    expect(output).not.toContain('hunter2');
  });

  it('of a webhook that was deleted are dropped, and their deliveries with them', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.send(member, 'DELETE', `/${webhook.id}`);
    await webhooks.drain();

    expect(webhooks.receiver.received).toEqual([]);
    expect((await allItems()).filter(({ webhook_id }) => webhook_id === webhook.id)).toEqual([]);
  });

  it('of a webhook that was deleted take all that it was sent with them, and nothing of others', async () => {
    const { member, webhook } = await webhooks.fresh();
    const { body: other } = await webhooks.send<WebhookBody>(member, 'POST', '', {
      url: webhooks.receiver.url,
      events: ['tenant.updated'],
    });
    for (let index = 0; index < 3; index += 1) await webhooks.rename(member, `Name ${index}`);
    await webhooks.drain();
    await webhooks.send(member, 'DELETE', `/${webhook.id}`);
    const itemsOf = async ({ id }: WebhookBody) =>
      (await allItems()).filter(({ webhook_id }) => webhook_id === id);
    expect(await itemsOf(webhook)).toHaveLength(3);

    const [queued] = world.queued;
    expect(queued?.delaySeconds).toBeGreaterThan(30);
    await webhooks.drain();

    expect(await itemsOf(webhook)).toEqual([]);
    expect(await itemsOf(other)).toHaveLength(3);
  });

  it('that delete what a webhook was sent go on in another message when their time is over', async () => {
    const { member, webhook } = await webhooks.fresh();
    for (let index = 0; index < 5; index += 1)
      await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    world.queued.splice(0);
    const { purgeDeliveries } = await import('../../../shared/webhooks/purge.ts');
    const names = { tenant_id: member.tenantId, webhook_id: webhook.id };
    const purge = () => purgeDeliveries(names, { hasTime: () => false, pageSize: 2 });

    await purge();
    expect(await webhooks.deliveries(member, webhook)).toHaveLength(5);
    await webhooks.send(member, 'DELETE', `/${webhook.id}`);
    world.queued.splice(0);
    await purge();

    const left = (await allItems()).filter(({ webhook_id }) => webhook_id === webhook.id);
    expect(left).toHaveLength(3);
    expect(world.queued).toHaveLength(1);
    await webhooks.drain();
    expect((await allItems()).filter(({ webhook_id }) => webhook_id === webhook.id)).toEqual([]);
  });

  it('that are lost are made up for by the sweep, once', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    world.queued.splice(0);
    await webhooks.sweep();
    expect(world.queued).toEqual([]);

    travel(11 * minute);
    await webhooks.sweep();
    await webhooks.sweep();
    expect(world.queued).toHaveLength(1);
    await webhooks.drain();
    expect((await webhooks.deliveries(member, webhook))[0]?.status).toBe('delivered');
  });
});

describe('the sweep', () => {
  /** Deliveries of a webhook whose messages were lost, all in one partition of what is due. */
  async function lost(number: number) {
    const { member, webhook } = await webhooks.fresh();
    const { deliveryOf } = await import('../../../shared/webhooks/deliveries.ts');
    const { writeMany } = await import('../../../shared/table/table.ts');
    const made = Array.from({ length: number }, (_, index) => {
      const id = `msg_${String(index).padStart(25, '0')}A`;
      const event = { id, type: 'webhook.test', data: {}, occurredAtMs: Date.now() };
      const { Item } = deliveryOf(member.tenantId, webhook.id, event).write.put;
      return { put: { ...Item, ...webhookKeys.delivery(member.tenantId, webhook.id, id) } };
    });
    await writeMany(made);
    const isQueued = ({ body }: { body: string }) => body.includes(webhook.id);
    return {
      get queued() {
        return world.queued.filter(isQueued).length;
      },
    };
  }

  it('gets to what lies behind more than one page', async () => {
    const many = await lost(510);
    travel(second);
    const behind = await lost(1);

    travel(11 * minute);
    await webhooks.sweep();

    expect([many.queued, behind.queued]).toEqual([510, 1]);
  });

  it('queues only so many of a tenant at a time, and those of others behind them', async () => {
    const many = await lost(10);
    travel(second);
    const behind = await lost(2);
    const { sweepDeliveries } = await import('../../../shared/webhooks/sweep.ts');
    const sweep = () => sweepDeliveries({ pageSize: 2, maxPerTenant: 4 });

    travel(11 * minute);
    await sweep();
    expect([many.queued, behind.queued]).toEqual([4, 2]);
    await sweep();
    expect([many.queued, behind.queued]).toEqual([8, 2]);
  });

  it('ends before its time is over, and goes on in the next run', async () => {
    const many = await lost(30);
    const { sweepDeliveries } = await import('../../../shared/webhooks/sweep.ts');

    travel(11 * minute);
    const first = await sweepDeliveries({ hasTime: () => many.queued < 10, pageSize: 2 });
    expect(first.isComplete).toBe(false);
    expect(many.queued).toBeLessThan(30);
    const second = await sweepDeliveries({ pageSize: 2 });
    expect(second.isComplete).toBe(true);
    expect(many.queued).toBe(30);
  });

  it('goes on behind a delivery that nobody can read', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    world.queued.splice(0);
    const [item] = (await allItems()).filter(
      ({ body, webhook_id }) => body && webhook_id === webhook.id,
    );
    const { putItem } = await import('../../../shared/table/table.ts');
    const unreadable = { ...item, sk: 'msg_unreadable', status: 'lost', series_sk: '2020#first' };
    await putItem({ Item: unreadable });

    travel(11 * minute);
    const output = await outputOf(() => webhooks.sweep());

    expect(output).toContain('delivery_unreadable');
    expect(world.queued.filter(({ body }) => body.includes(webhook.id))).toHaveLength(1);
  });
});

describe('the deliveries of a webhook', () => {
  it('are listed newest first, by pages, and only to their tenant', async () => {
    const { member, webhook } = await webhooks.fresh();
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      travel(second);
      const { body } = await webhooks.send<DeliveryBody>(member, 'POST', `/${webhook.id}/test`);
      made.unshift(body.id);
    }
    const found: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await world.send<{ items: DeliveryBody[]; next_cursor: string | null }>(
        'GET',
        `/api/v1/webhooks/${webhook.id}/deliveries`,
        { token: member.access_token, query: { limit: '2', ...(cursor && { cursor }) } },
      );
      found.push(...page.body.items.map(({ id }) => id));
      cursor = page.body.next_cursor;
    }

    expect(found).toEqual(made);
  });

  it('refuse a cursor of another webhook', async () => {
    const { member, webhook } = await webhooks.fresh();
    const { body: other } = await webhooks.send<WebhookBody>(member, 'POST', '', {
      url: webhooks.receiver.url,
      events: ['tenant.updated'],
    });
    for (const _ of [1, 2]) await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    const list = (id: string, query: Record<string, string>) =>
      world.send<{ next_cursor: string; code?: string }>(
        'GET',
        `/api/v1/webhooks/${id}/deliveries`,
        { token: member.access_token, query },
      );
    const { body } = await list(webhook.id, { limit: '1' });

    expect(await list(other.id, { cursor: body.next_cursor })).toMatchObject({
      status: 400,
      body: { code: 'invalid_cursor' },
    });
  });

  it('are replayed with the same id and body, signed anew', async () => {
    const { member, webhook } = await webhooks.fresh();
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.drain();
    const [delivery] = await webhooks.deliveries(member, webhook);
    travel(10 * minute);

    const answer = await webhooks.send<DeliveryBody>(
      member,
      'POST',
      `/${webhook.id}/deliveries/${delivery?.id}/replay`,
    );
    expect(answer).toMatchObject({ status: 202, body: { status: 'pending', id: delivery?.id } });
    await webhooks.drain();

    const [first, again] = webhooks.receiver.received;
    if (!again) throw new Error('It was not sent again');
    verified(webhook.secret, again);
    expect(again.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(again.headers['webhook-timestamp']).not.toBe(first?.headers['webhook-timestamp']);
    expect(again.body).toBe(first?.body);
    const [after] = await webhooks.deliveries(member, webhook);
    expect(after).toMatchObject({ status: 'delivered', attempts: 2 });
  });

  it.each([
    ['succeeds', 200],
    ['fails', 500],
    ['is refused for good', 410],
  ])('are replayed at once though an attempt is under way that %s', async (_, status) => {
    const { member, webhook } = await webhooks.fresh();
    const { body } = await webhooks.send<DeliveryBody>(member, 'POST', `/${webhook.id}/test`);
    await setDelivery(member, webhook, body.id, { attempts: 9, round: 9 });
    const replay = async () => {
      webhooks.receiver.answer = { status: 204 };
      const path = `/${webhook.id}/deliveries/${body.id}/replay`;
      expect((await webhooks.send(member, 'POST', path)).status).toBe(202);
      // Its message comes while the attempt has its claim.
      await webhooks.deliver(world.queued.splice(0).map((message) => message.body));
    };
    webhooks.receiver.answer = { status, meanwhile: replay };

    await webhooks.deliver(world.queued.splice(0).map((message) => message.body));
    const [between] = await webhooks.deliveries(member, webhook);
    await webhooks.drain();

    expect(between).toMatchObject({ status: 'pending', attempts: 10, response_status: status });
    expect(webhooks.receiver.received).toHaveLength(2);
    const [after] = await webhooks.deliveries(member, webhook);
    expect(after).toMatchObject({ status: 'delivered', attempts: 11, response_status: 204 });
    expect(await webhooks.now(member, webhook)).toMatchObject({ enabled: true });
  });

  it('are stored though the answer of the table is lost, and queued', async () => {
    const { member, webhook } = await webhooks.fresh();
    const { tableClient } = await import('../../../shared/table/table.ts');
    tableClient.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          // As the SDK does when nobody has answered.
          if (commandName === 'PutItemCommand') await next(args);
          return next(args);
        },
      { step: 'initialize', name: 'again' },
    );

    const { status } = await webhooks
      .send(member, 'POST', `/${webhook.id}/test`)
      .finally(() => tableClient.middlewareStack.remove('again'));
    await webhooks.drain();

    expect(status).toBe(202);
    expect(webhooks.receiver.received).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { minute, second, travel, travelTo } from '../../../harness/clock.ts';
import { allItems } from '../../../harness/items.ts';
import { useWebhooks, type WebhookBody } from '../../../harness/webhooks/webhooks.ts';
import { type Member, useWorld } from '../../../harness/world.ts';
import { tenantUpdated } from '../../../shared/tenants/events.ts';

const world = useWorld();
const webhooks = useWebhooks(world);

interface Message {
  atMs: number;
  body: string;
}

/** The queue and the sweep of a deployment, moved along by the test's clock. */
class Line {
  readonly #waiting: Message[] = [];
  #sweptAtMs = Date.now();

  /** Works on what is due until a moment. Returns when nothing is queued any more, or then. */
  async runUntil(endMs: number): Promise<void> {
    for (;;) {
      this.#collect();
      this.#waiting.sort((a, b) => a.atMs - b.atMs);
      const nextMs = Math.min(this.#waiting[0]?.atMs ?? endMs, this.#sweptAtMs + 5 * minute);
      if (nextMs >= endMs) break;
      travelTo(Math.max(nextMs, Date.now()));
      if (nextMs === this.#sweptAtMs + 5 * minute) {
        this.#sweptAtMs = nextMs;
        await webhooks.sweep();
        continue;
      }
      const due = this.#waiting.filter(({ atMs }) => atMs <= Date.now()).slice(0, 10);
      this.#waiting.splice(0, due.length);
      await webhooks.deliver(due.map(({ body }) => body));
    }
    travelTo(endMs);
  }

  #collect(): void {
    for (const { body, delaySeconds } of world.queued.splice(0))
      this.#waiting.push({ atMs: Date.now() + delaySeconds * second, body });
  }
}

async function tell(member: Member, count: number): Promise<void> {
  const { publish } = await import('../../../shared/events/publish.ts');
  await publish(member.tenantId, tenantUpdated, { id: member.tenantId, count });
}

/** A webhook at which `rested` deliveries rest, whose turns come in half an hour. */
async function resting(rested: number): Promise<{ member: Member; webhook: WebhookBody }> {
  const { member, webhook } = await webhooks.fresh('tenant.updated');
  webhooks.receiver.answer = { status: 500 };
  for (let index = 0; index < 10 + rested; index += 1) {
    await tell(member, index);
    await webhooks.deliver(
      world.queued
        .splice(0)
        .slice(-1)
        .map(({ body }) => body),
    );
  }
  const { updateItem } = await import('../../../shared/table/table.ts');
  const { changes } = await import('../../../shared/table/changes.ts');
  const { dueKey } = await import('../../../shared/webhooks/deliveries.ts');
  const atMs = Date.now() + 30 * minute;
  for (const { id } of await webhooks.deliveries(member, webhook)) {
    const { webhookKeys } = await import('../../../shared/webhooks/keys.ts');
    await updateItem({
      Key: webhookKeys.delivery(member.tenantId, webhook.id, id),
      ...changes({
        set: { next_attempt_at: new Date(atMs).toISOString(), ...dueKey({ id }, atMs) },
        add: { round: 2 },
      }),
    });
  }
  world.queued.splice(0);
  webhooks.receiver.received.splice(0);
  webhooks.receiver.answer = { status: 204 };
  return { member, webhook };
}

const idsReceived = () => webhooks.receiver.received.map(({ headers }) => headers['webhook-id']);
const resumed = async (webhook: WebhookBody) =>
  (await allItems()).find(({ sk }) => sk === `WEBHOOK#${webhook.id}`)?.resuming_until_ms;

describe('a receiver that answers again', () => {
  it('has got all of 60 events within two minutes, each once, after 65 seconds of trouble', async () => {
    const { member } = await webhooks.fresh('tenant.updated');
    const line = new Line();
    const startMs = Date.now();
    webhooks.receiver.answer = { status: 500 };
    for (let index = 0; index < 60; index += 1) {
      await tell(member, index);
      await line.runUntil(startMs + (index + 1) * second);
    }
    await line.runUntil(startMs + 65 * second);
    webhooks.receiver.received.splice(0);
    webhooks.receiver.answer = { status: 204 };
    while (webhooks.receiver.received.length === 0) await line.runUntil(Date.now() + 5 * second);

    await line.runUntil(Date.now() + 2 * minute);

    expect(new Set(idsReceived()).size).toBe(60);
    expect(idsReceived()).toHaveLength(60);
    expect(Date.now() - startMs).toBeLessThan(10 * minute);
  });

  it('gets what rested at once, with the turns given back that went by', async () => {
    const { member, webhook } = await resting(3);
    const rested = (await webhooks.deliveries(member, webhook)).slice(0, 3);

    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.drain();

    expect(idsReceived().slice(1).toSorted()).toEqual(rested.map(({ id }) => id).toSorted());
    const items = (await allItems()).filter(({ sk }) => rested.some(({ id }) => id === sk));
    // One turn went by and two are of the preparation; one was given back, and one was made.
    expect(items.map(({ status, round }) => [status, round])).toEqual(
      rested.map(() => ['delivered', 3]),
    );
    expect(await resumed(webhook)).toBeUndefined();
    expect((await allItems()).filter(({ pk }) => String(pk).includes('#RESTING#'))).toEqual([]);
  });

  it('gets what it refused itself by its own schedule', async () => {
    const { member, webhook } = await resting(0);

    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.drain();

    expect(webhooks.receiver.received).toHaveLength(1);
  });

  it('gets them in rounds, so that a backlog does not run it over', async () => {
    const { webhook, member } = await resting(12);
    const { resumeDeliveries } = await import('../../../shared/webhooks/resume.ts');
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    const [test] = world.queued.splice(0);
    await webhooks.deliver([test?.body ?? '']);
    const message = JSON.parse(world.queued.splice(0)[0]?.body ?? '{}');

    await resumeDeliveries(message, { hasTime: () => true, perRound: 5 });

    const first = world.queued.splice(0);
    expect(first.filter(({ body }) => body.includes('delivery_id'))).toHaveLength(5);
    const next = first.filter(({ body }) => body.includes('resume'));
    expect(next).toMatchObject([{ delaySeconds: 5, group: member.tenantId }]);
    await resumeDeliveries(message, { hasTime: () => true, perRound: 5 });
    expect(world.queued.splice(0)).toEqual([]);
    await resumeDeliveries(JSON.parse(next[0]?.body ?? ''), { hasTime: () => true, perRound: 50 });
    expect(world.queued.filter(({ body }) => body.includes('delivery_id'))).toHaveLength(7);
  });

  it('gets no round that has no time', async () => {
    const { webhook, member } = await resting(2);
    const { resumeDeliveries } = await import('../../../shared/webhooks/resume.ts');
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.deliver(world.queued.splice(0).map(({ body }) => body));
    const message = JSON.parse(world.queued.splice(0)[0]?.body ?? '{}');

    await resumeDeliveries(message, { hasTime: () => false });

    const [next, ...others] = world.queued;
    expect(others).toEqual([]);
    expect(next?.body).toContain('resume');
    await webhooks.drain();
    expect(webhooks.receiver.received).toHaveLength(3);
  });

  it('gets them after the next success when the message of the first was lost', async () => {
    const { member, webhook } = await resting(3);
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.deliver(world.queued.splice(0).map(({ body }) => body));
    world.queued.splice(0);
    webhooks.receiver.received.splice(0);

    await tell(member, 1);
    await webhooks.drain();
    expect(webhooks.receiver.received).toHaveLength(1);
    travel(2 * minute);
    await tell(member, 2);
    await webhooks.drain();

    expect(webhooks.receiver.received).toHaveLength(5);
  });

  it('gets what was queued and lost on its way by the sweep, once', async () => {
    const { member, webhook } = await resting(3);
    const rested = (await webhooks.deliveries(member, webhook)).slice(0, 3).map(({ id }) => id);
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.deliver(world.queued.splice(0).map(({ body }) => body));
    await webhooks.deliver(world.queued.splice(0).map(({ body }) => body));
    world.queued.splice(0);
    webhooks.receiver.received.splice(0);

    travel(6 * minute);
    await webhooks.sweep();
    await webhooks.drain();

    expect(
      idsReceived()
        .filter((id) => rested.includes(String(id)))
        .toSorted(),
    ).toEqual(rested.toSorted());
  });

  it('that fails again is left alone', async () => {
    const { member, webhook } = await resting(30);
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.deliver(world.queued.splice(0).map(({ body }) => body));
    webhooks.receiver.received.splice(0);
    webhooks.receiver.answer = { status: 500 };
    const line = new Line();

    await line.runUntil(Date.now() + 30 * second);

    // Ten that opened the circuit, and those of their batches.
    expect(webhooks.receiver.received.length).toBeLessThan(20);
    webhooks.receiver.received.splice(0);
    webhooks.receiver.answer = { status: 204 };
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await line.runUntil(Date.now() + 30 * second);
    expect(webhooks.receiver.received.length).toBeGreaterThan(15);
  });

  it.each([
    ['another URL', () => ({ url: `${webhooks.receiver.url}/other` })],
    ['being switched on', () => ({ enabled: true })],
  ])('gets what rested with the first success after %s', async (_, change) => {
    const { member, webhook } = await resting(3);

    await webhooks.send(member, 'PATCH', `/${webhook.id}`, change());
    await webhooks.send(member, 'POST', `/${webhook.id}/test`);
    await webhooks.drain();

    expect(webhooks.receiver.received).toHaveLength(4);
  });

  it('of a webhook that is switched off or deleted gets nothing', async () => {
    for (const [method, body] of [
      ['PATCH', { enabled: false }],
      ['DELETE', undefined],
    ] as const) {
      const { member, webhook } = await resting(3);
      await webhooks.send(member, 'POST', `/${webhook.id}/test`);
      await webhooks.deliver(world.queued.splice(0).map((message) => message.body));
      await webhooks.send(member, method, `/${webhook.id}`, body);
      webhooks.receiver.received.splice(0);

      await webhooks.drain();

      expect(webhooks.receiver.received).toEqual([]);
    }
  });
});

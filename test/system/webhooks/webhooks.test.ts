import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { useSystem } from '../../../harness/system.ts';
import { type Receiver, startReceiver, verified } from '../../../harness/webhooks/receiver.ts';
import { findQueues, replay } from '../../../operator/dead-letters.ts';

const system = useSystem();
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.stop());

const settled = { timeout: 20_000, interval: 50 };

async function newWebhook(events: string[]) {
  const { access_token: token } = await system.newOwner();
  const { body: webhook } = await system.send<{ id: string; secret: string }>(
    'POST',
    '/api/v1/webhooks',
    { token, body: { url: receiver.url, events } },
  );
  return { token, webhook };
}

describe('webhooks of the running system', () => {
  it('tell of detections, through the queue and its worker, with what their roles allow', async () => {
    const { token, webhook } = await newWebhook(['detection.created', 'api_key.created']);
    const { body } = await system.send<{ key: string }>('POST', '/api/v1/api-keys', {
      token,
      body: { name: 'sensor' },
    });
    const detection = { id: 'one', source_ip: '192.0.2.1', label: 'MALWARE', probability: 0.5 };
    const ingested = await system.send('POST', '/api/v1/detections', {
      headers: { 'x-api-key': body.key },
      body: { detections: [detection] },
    });
    expect(ingested.status).toBe(202);

    await vi.waitFor(() => expect(receiver.received).toHaveLength(2), settled);

    const events = receiver.received.map((received) => verified(webhook.secret, received));
    expect(events.map(({ type }) => type).sort()).toEqual(['api_key.created', 'detection.created']);
    await vi.waitFor(async () => {
      const { body: page } = await system.send<{ items: { status: string }[] }>(
        'GET',
        `/api/v1/webhooks/${webhook.id}/deliveries`,
        { token },
      );
      expect(page.items.map(({ status }) => status)).toEqual(['delivered', 'delivered']);
    }, settled);
  });

  it('come from a poisonous message no harm: the one beside it is delivered', async () => {
    const { token, webhook } = await newWebhook(['tenant.updated']);
    const client = new SQSClient({
      endpoint: system.cloud.endpoints.sqs,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const { queueUrl } = await findQueues(client, 'local', 'webhooks');
    receiver.received.splice(0);

    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'poison' }));
    await system.send('POST', `/api/v1/webhooks/${webhook.id}/test`, { token });

    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), settled);
    const [received] = receiver.received;
    expect(received && verified(webhook.secret, received).type).toBe('webhook.test');
    client.destroy();
  });

  it('get what lies among the dead letters by the replay command', async () => {
    const { token, webhook } = await newWebhook(['tenant.updated']);
    receiver.received.splice(0);
    receiver.answer = { status: 500 };
    const { body: delivery } = await system.send<{ id: string }>(
      'POST',
      `/api/v1/webhooks/${webhook.id}/test`,
      { token },
    );
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), settled);
    receiver.answer = { status: 200 };
    const client = new SQSClient({
      endpoint: system.cloud.endpoints.sqs,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const queues = await findQueues(client, 'local', 'webhooks');
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const message = {
      tenant_id: claims.tenant_id,
      webhook_id: webhook.id,
      delivery_id: delivery.id,
    };
    await client.send(
      new SendMessageCommand({
        QueueUrl: queues.deadLettersUrl,
        MessageBody: JSON.stringify(message),
      }),
    );

    expect(await replay(client, queues)).toBe(1);
    expect(await replay(client, queues)).toBe(0);
    await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(1), settled);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids)).toEqual(new Set([delivery.id]));
    client.destroy();
  });

  it('are swept by their schedule, with what its role allows', async () => {
    const result = await system.cloud.invoke('webhooks/sweep', {});

    expect(result).toMatchObject({ ok: true });
  });
});

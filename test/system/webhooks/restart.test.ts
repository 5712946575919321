import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Receiver, startReceiver, verified } from '../../../harness/webhooks/receiver.ts';
import { type Cloud, startCloud } from '../../../local/cloud.ts';

const settled = { timeout: 20_000, interval: 50 };
const dataDir = mkdtempSync(join(tmpdir(), 'tenantry-'));
let receiver: Receiver;
let cloud: Cloud;
const start = () => startCloud({ port: 0, dataDir, environment: {} });

beforeAll(async () => {
  receiver = await startReceiver();
  cloud = await start();
}, 120_000);
afterAll(async () => {
  await cloud.stop();
  receiver.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function post<T>(path: string, body: object, token?: string): Promise<T> {
  const response = await cloud.fetch(path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  return response.json() as Promise<T>;
}

/** Makes every delivery that waits one whose time came long ago, as after a night without power. */
async function letTimePass(): Promise<void> {
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      endpoint: cloud.table.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }),
  );
  const { Items = [] } = await client.send(
    new ScanCommand({ TableName: cloud.table.name, ConsistentRead: true }),
  );
  for (const { pk, sk, id } of Items.filter((item) => item.status === 'pending')) {
    await client.send(
      new UpdateCommand({
        TableName: cloud.table.name,
        Key: { pk, sk },
        UpdateExpression: 'SET series_sk = :past, next_attempt_at = :then',
        ExpressionAttributeValues: {
          ':past': `2026-01-01T00:00:00.000Z#${id}`,
          ':then': '2026-01-01T00:00:00.000Z',
        },
      }),
    );
  }
  client.destroy();
}

describe('a restart', () => {
  it('empties the queues, and the sweep at the start fills them again from the table', async () => {
    const { access_token: token } = await post<{ access_token: string }>('/api/v1/auth/register', {
      email: 'owner@example.com',
      password: 'correct horse battery',
      company_name: 'Example Ltd',
    });
    const webhook = await post<{ id: string; secret: string }>(
      '/api/v1/webhooks',
      { url: receiver.url, events: ['tenant.updated'] },
      token,
    );
    receiver.answer = { status: 503, headers: { 'retry-after': '600' } };
    await post(`/api/v1/webhooks/${webhook.id}/test`, {}, token);
    const deliveries = async () => {
      const answer = await cloud.fetch(`/api/v1/webhooks/${webhook.id}/deliveries`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const { items } = (await answer.json()) as { items: object[] };
      return items;
    };
    await vi.waitFor(
      async () =>
        expect(await deliveries()).toMatchObject([{ status: 'pending', response_status: 503 }]),
      settled,
    );

    await letTimePass();
    receiver.answer = { status: 204 };
    await cloud.stop();
    cloud = await start();

    await vi.waitFor(() => expect(receiver.received).toHaveLength(2), settled);
    const [first, again] = receiver.received;
    expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(again && verified(webhook.secret, again)).toMatchObject({ type: 'webhook.test' });
    await vi.waitFor(
      async () => expect(await deliveries()).toMatchObject([{ status: 'delivered', attempts: 2 }]),
      settled,
    );
  });
});

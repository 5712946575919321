import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { useMiniCloud } from '../mini-cloud.ts';

const mini = useMiniCloud();

interface Answer {
  status: number;
  type: string | null;
  body: Record<string, unknown>;
}

async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${mini.cloud.url}/_local/${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

describe('the console', () => {
  it('sells the product to scripts', async () => {
    const { status, body } = await send('POST', 'marketplace/purchases', {
      account_id: '999988887777',
      offer_type: 'free-trial',
    });

    expect(status).toBe(201);
    expect(body).toEqual({
      token: expect.any(String),
      license_arn: expect.stringContaining(':license:l-'),
      account_id: '999988887777',
      agreement_id: expect.stringMatching(/^agmt-/),
      product_code: 'tenantry-demo',
    });
    expect((await send('POST', 'marketplace/purchases')).body).toMatchObject({
      account_id: '111122223333',
    });
  });

  it('lists purchases without their tokens and opens one again', async () => {
    const { body } = await send('POST', 'marketplace/purchases');
    const licenseId = String(body.license_arn).split(':').at(-1);

    const listed = (await send('GET', 'marketplace/purchases')).body as unknown as object[];
    expect(listed.at(-1)).toEqual({
      account_id: '111122223333',
      license_arn: body.license_arn,
      agreement_id: body.agreement_id,
      product_code: 'tenantry-demo',
      offer_type: null,
      purchased_at: expect.any(String),
    });
    expect(await send('POST', `marketplace/purchases/${licenseId}/tokens`)).toMatchObject({
      status: 201,
      body: { token: expect.any(String) },
    });
    expect((await send('POST', `marketplace/purchases/l-${'0'.repeat(32)}/tokens`)).status).toBe(
      404,
    );
  });

  it('shows the mailbox that the local SES fills', async () => {
    expect((await send('GET', 'mailbox')).body).toEqual([]);
    const mail = {
      FromEmailAddress: 'Tenantry <no-reply@example.com>',
      Destination: { ToAddresses: ['buyer@example.com'] },
      Content: { Simple: { Subject: { Data: 'Welcome' }, Body: { Text: { Data: 'Hello' } } } },
    };
    const headers = {
      authorization: 'AWS4-HMAC-SHA256 Credential=local/20261120/us-east-1/ses/aws4_request',
    };

    const sent = await fetch(`${mini.cloud.endpoints.ses}/v2/email/outbound-emails`, {
      method: 'POST',
      headers,
      body: JSON.stringify(mail),
    });

    const { MessageId } = (await sent.json()) as { MessageId: string };
    expect((await send('GET', 'mailbox')).body).toEqual([
      {
        id: MessageId,
        sent_at: expect.any(String),
        from: mail.FromEmailAddress,
        to: ['buyer@example.com'],
        subject: 'Welcome',
        text: 'Hello',
        html: null,
      },
    ]);
  });

  it('shows what the table holds, by pages', async () => {
    const put = (sk: string) =>
      fetch(mini.cloud.table.guardedEndpoint, {
        method: 'POST',
        headers: {
          'x-amz-target': 'DynamoDB_20120810.PutItem',
          authorization:
            'AWS4-HMAC-SHA256 Credential=local/20261120/us-east-1/dynamodb/aws4_request',
        },
        body: JSON.stringify({
          TableName: 'Mini-Table',
          Item: {
            pk: { S: 'P' },
            sk: { S: sk },
            n: { N: '1.5' },
            l: { L: [{ BOOL: true }, { NULL: true }] },
          },
        }),
      });
    for (let i = 0; i < 51; i++) await put(String(i).padStart(3, '0'));

    expect((await send('GET', 'tables')).body).toEqual([
      { name: 'Mini-Table', partition_key: 'pk', indexes: ['series'] },
    ]);
    const first = await send('GET', 'tables/Mini-Table/items?partition=P');
    expect((first.body.items as object[])[0]).toEqual({
      pk: 'P',
      sk: '000',
      n: 1.5,
      l: [true, null],
    });
    const second = await send(
      'GET',
      `tables/Mini-Table/items?partition=P&after=${first.body.next}`,
    );
    expect(second.body).toMatchObject({ items: [{ sk: '050' }], next: null });
    expect((await send('GET', 'tables/other/items')).status).toBe(404);
    for (const cursor of ['zzz', 'e30']) {
      expect((await send('GET', `tables/Mini-Table/items?after=${cursor}`)).status).toBe(400);
    }
  });

  it.each<[string, string, unknown, number, string]>([
    ['POST', 'marketplace/purchases', { account_id: '12' }, 400, 'validation_failed'],
    ['POST', 'marketplace/purchases', { offer_type: 'gift' }, 400, 'validation_failed'],
    ['POST', 'marketplace/purchases', { unknown: 1 }, 400, 'validation_failed'],
    ['POST', 'marketplace/purchases', '{', 400, 'malformed_json'],
    ['POST', 'marketplace/purchases', [], 400, 'validation_failed'],
    ['POST', 'marketplace/purchases', `"${'x'.repeat(70_000)}"`, 413, 'payload_too_large'],
    ['PUT', 'marketplace/faults', { error: 'rain' }, 400, 'validation_failed'],
    ['PUT', 'marketplace/faults', { error: 'timeout', times: 0 }, 400, 'validation_failed'],
    ['DELETE', 'mailbox', undefined, 405, 'method_not_allowed'],
    ['GET', 'nothing', undefined, 404, 'not_found'],
  ])('answers %s %s with %j by a problem', async (method, path, body, status, code) => {
    const answer = await send(method, path, body);

    expect(answer).toMatchObject({
      status,
      type: 'application/problem+json',
      body: { status, code, type: `urn:tenantry:problem:${code}`, request_id: expect.any(String) },
    });
  });

  it('says where a body is wrong', async () => {
    const { body } = await send('POST', 'marketplace/purchases', { account_id: '12' });

    expect(body.errors).toEqual([
      { in: 'body', pointer: '/account_id', detail: 'is not 12 digits' },
    ]);
  });

  it('takes no changes from other sites, in any way a browser could send them', async () => {
    const from = (headers: Record<string, string>, body: unknown = {}) =>
      send('POST', 'marketplace/purchases', body, headers).then(({ status }) => status);

    expect(await from({ origin: 'https://evil.example' })).toBe(403);
    expect(await from({ origin: 'null' })).toBe(403);
    expect(await from({ origin: 'http://localhost:1' })).toBe(403);
    expect(await from({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await from({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await from({ 'content-type': 'text/plain' }, '{}')).toBe(415);
    expect(await from({ origin: mini.cloud.url, 'sec-fetch-site': 'same-origin' })).toBe(201);
  });

  it('answers to the names of this machine only', async () => {
    const as = (host: string) =>
      new Promise<number>((resolve, reject) => {
        httpRequest(
          { port: mini.cloud.port, path: '/_local/mailbox', headers: { host } },
          (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
          },
        )
          .on('error', reject)
          .end();
      });

    expect(await as('rebound.example')).toBe(403);
    expect(await as('localhost.evil.example')).toBe(403);
    expect(await as(`localhost:${mini.cloud.port}`)).toBe(200);
    expect(await as('[::1]:3000')).toBe(200);
  });

  it('has a page that runs nothing but its own script and style', async () => {
    const page = await mini.get('/_local/');

    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    const html = await page.text();
    expect(html).toContain('action="/marketplace/register"');
    for (const [, asset] of html.matchAll(/(?:src|href)="(console\.\w+)"/g)) {
      expect((await mini.get(`/_local/${asset}`)).status).toBe(200);
    }
    expect((await mini.get('/_local')).headers.get('location')).toBe('/_local/');
  });
});

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../harness/aws.ts';
import { freezeInWindow } from '../../../harness/clock.ts';
import { allItems, lastingItems } from '../../../harness/items.ts';
import { decode } from '../../../harness/jws.ts';
import { limitNamed } from '../../../harness/limits.ts';
import { logLines, outputOf } from '../../../harness/output.ts';
import { type Answered, randomAddress, type Sent, useWorld } from '../../../harness/world.ts';

const world = useWorld();
interface Registration {
  tenant_id: string;
  status: string;
  registration_ticket: string;
}

const arn = (id: string) => `arn:aws:license-manager::294406891311:license:l-${id}`;

/** A purchase in AWS Marketplace, and the token that the buyer's browser brings. */
function buy(members: object = {}): string {
  const token = `aws-token-${randomUUID()}`;
  world.purchases.set(token, {
    CustomerAWSAccountId: '111122223333',
    CustomerIdentifier: '',
    LicenseArn: arn(randomUUID().replaceAll('-', '')),
    ProductCode: 'tenantry-demo',
    ...members,
  });
  return token;
}

const asForm = { 'Content-Type': 'application/x-www-form-urlencoded' };
const asBrowser = { ...asForm, Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

/** The form that AWS Marketplace lets the browser send. */
const post = (token: string, sent: Sent & { fields?: Record<string, string> } = {}) =>
  world.send<Registration>('POST', '/marketplace/register', {
    raw: new URLSearchParams({ 'x-amzn-marketplace-token': token, ...sent.fields }).toString(),
    address: randomAddress(),
    ...sent,
    headers: { ...asForm, Accept: 'application/json', ...sent.headers },
  });

const get = (query: Record<string, string | string[]>, headers = {}) =>
  world.send<Registration>('GET', '/marketplace/register', {
    query,
    headers,
    address: randomAddress(),
  });

describe('registration', () => {
  it('makes a tenant that waits for its profile, and keeps what AWS said of the license', async () => {
    const LicenseArn = arn('9d01d15f86334a8894365cd7350556ff');
    const token = buy({ LicenseArn });

    const answer = await post(token, {
      fields: { 'x-amzn-marketplace-offer-type': 'free-trial' },
    });

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      tenant_id: expect.stringMatching(/^tnt_/),
      status: 'PENDING_PROFILE',
      registration_ticket: expect.any(String),
    });
    const items = (await allItems()).filter(({ pk }) => pk === `TENANT#${answer.body.tenant_id}`);
    expect(items).toHaveLength(2);
    expect(items.find(({ sk }) => String(sk).startsWith('LICENSE#'))).toMatchObject({
      license_id: 'l-9d01d15f86334a8894365cd7350556ff',
      license_arn: LicenseArn,
      account_id: '111122223333',
      product_code: 'tenantry-demo',
      offer_type: 'free-trial',
      status: 'PENDING',
    });
    expect(JSON.stringify(await allItems())).not.toContain(token);
  });

  it('gives a ticket of half an hour for this tenant and nothing else', async () => {
    const { body } = await post(buy());

    const { header, claims } = decode(body.registration_ticket);

    expect(header).toMatchObject({ typ: 'registration+jwt' });
    expect(claims).toEqual({
      iss: 'urn:tenantry:test',
      aud: 'tenantry-registration',
      sub: body.tenant_id,
      license_id: expect.stringMatching(/^l-[0-9a-f]{32}$/),
      iat: expect.any(Number),
      exp: Number(claims.iat) + 1800,
      jti: expect.any(String),
    });
  });

  it('finds the same tenant however often and however the buyer comes back', async () => {
    const token = buy();
    const first = await post(token);

    const again = await Promise.all([
      post(token),
      get({ token }),
      get({ 'x-amzn-marketplace-token': token }),
      world.send<Registration>('POST', '/marketplace/register', {
        body: { 'x-amzn-marketplace-token': token },
        address: randomAddress(),
      }),
    ]);

    for (const { status, body } of again) {
      expect(status).toBe(200);
      expect(body.tenant_id).toBe(first.body.tenant_id);
    }
  });

  it('finds the same tenant in whatever form AWS prints the license', async () => {
    const id = randomUUID().replaceAll('-', '');
    const forms = [
      arn(id),
      `arn:aws:license-manager::294406891311:license/l-${id}`,
      `aws:license-manager:us-east-1:123456789012:l-${id.toUpperCase()}`,
    ];

    const answers = await Promise.all(forms.map((LicenseArn) => post(buy({ LicenseArn }))));

    expect(new Set(answers.map(({ body }) => body.tenant_id)).size).toBe(1);
  });

  it('gives two tenants to two licenses of one account', async () => {
    const [first, second] = [await post(buy()), await post(buy())];

    expect(first.body.tenant_id).not.toBe(second.body.tenant_id);
  });

  it('gives one tenant to 50 registrations of one purchase at once', async () => {
    const token = buy();
    const before = (await lastingItems()).length;

    const answers = await Promise.all(Array.from({ length: 50 }, () => post(token)));

    expect(answers.map(({ status }) => status)).toEqual(new Array(50).fill(200));
    expect(new Set(answers.map(({ body }) => body.tenant_id)).size).toBe(1);
    // Tenant, license, the way from the license to the tenant, and the audit entry with its pointer.
    expect((await lastingItems()).length - before).toBe(5);
  });

  it('knows a legacy buyer by the customer identifier alone', async () => {
    const legacy = {
      LicenseArn: undefined,
      CustomerIdentifier: 'ifAPi5AcF3',
      ProductCode: 'tenantry-demo-legacy',
    };

    const [first, again] = [await post(buy(legacy)), await post(buy(legacy))];
    const other = await post(buy({ ...legacy, CustomerIdentifier: 'other' }));

    expect(first.status).toBe(200);
    expect(again.body.tenant_id).toBe(first.body.tenant_id);
    expect(other.body.tenant_id).not.toBe(first.body.tenant_id);
  });
});

describe('a browser', () => {
  it('is sent on to the welcome page, the ticket in the fragment and the AWS token nowhere', async () => {
    const token = buy();

    const answer = await post(token, { headers: asBrowser });

    expect(answer.status).toBe(303);
    const { location = '' } = answer.headers;
    expect(location).toMatch(/^\/welcome#ticket=[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(decode(location.replace('/welcome#ticket=', '')).header.typ).toBe('registration+jwt');
    expect(JSON.stringify(answer)).not.toContain(token);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it('gets errors as a page, with the right status and without the token', async () => {
    const token = '<script>alert(1)</script>';

    const answer = (await post(token, { headers: asBrowser })) as Answered<unknown>;

    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.body).toContain('Set up your account');
    expect(answer.body).toContain(answer.headers['x-request-id']);
    expect(answer.body).not.toContain('alert(1)');
  });

  it('gets a page that says how to come back when it has no token, never an error', async () => {
    for (const headers of [{}, { Accept: 'text/html' }, { Accept: 'application/json' }]) {
      const answer = (await get({}, headers)) as Answered<unknown>;

      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.body).toContain('Manage subscriptions');
    }
    const withOthers = await get({ utm_source: 'x', fbclid: ['a', 'b'] });
    expect(withOthers.status).toBe(200);
  });
});

describe('what AWS Marketplace answers', () => {
  const cases: [string, Answer, number, string, boolean][] = [
    [
      'InvalidTokenException',
      { error: 'InvalidTokenException' },
      400,
      'invalid_registration_token',
      false,
    ],
    [
      'ExpiredTokenException',
      { error: 'ExpiredTokenException' },
      400,
      'expired_registration_token',
      false,
    ],
    [
      'a namespaced error',
      { error: 'com.amazonaws.metering#ExpiredTokenException' },
      400,
      'expired_registration_token',
      false,
    ],
    ['ThrottlingException', { error: 'ThrottlingException' }, 503, 'marketplace_unavailable', true],
    [
      'InternalServiceErrorException',
      { error: 'InternalServiceErrorException', status: 500 },
      503,
      'marketplace_unavailable',
      true,
    ],
    ['502 and no error', { error: '', status: 502 }, 503, 'marketplace_unavailable', true],
    ['a dropped connection', { hangUp: true }, 503, 'marketplace_unavailable', true],
    [
      'no product',
      { members: { CustomerAWSAccountId: '1', LicenseArn: arn('0') } },
      503,
      'marketplace_unavailable',
      true,
    ],
    [
      'nobody',
      { members: { ProductCode: 'tenantry-demo', CustomerAWSAccountId: '1' } },
      503,
      'marketplace_unavailable',
      true,
    ],
    [
      'another product',
      { members: { ProductCode: 'other', CustomerAWSAccountId: '1', LicenseArn: arn('0') } },
      400,
      'wrong_product',
      false,
    ],
    [
      'DisabledApiException',
      { error: 'DisabledApiException' },
      500,
      'marketplace_misconfigured',
      false,
    ],
    [
      'AccessDeniedException',
      { error: 'AccessDeniedException' },
      500,
      'marketplace_misconfigured',
      false,
    ],
    [
      'UnrecognizedClientException',
      { error: 'UnrecognizedClientException' },
      500,
      'marketplace_misconfigured',
      false,
    ],
  ];

  it.each(cases)(
    '%s is told as it should be, and nothing is written (checks 73, 74)',
    async (_, answer, status, code, hasRetryAfter) => {
      const before = await lastingItems();
      world.awsAnswers('ResolveCustomer', () => answer);
      let answered: Answered<unknown> | undefined;

      const output = await outputOf(async () => {
        answered = await post('a-token-of-aws');
      });

      expect(answered).toMatchObject({
        status,
        headers: { 'content-type': 'application/problem+json' },
        body: { code, status, type: `urn:tenantry:problem:${code}` },
      });
      expect(answered?.headers['retry-after']).toBe(hasRetryAfter ? '30' : undefined);
      expect(await lastingItems()).toEqual(before);
      expect(output).not.toContain('a-token-of-aws');
      const alarms = logLines(output).filter(
        ({ MarketplaceMisconfigured }) => MarketplaceMisconfigured === 1,
      );
      expect(alarms).toHaveLength(code === 'marketplace_misconfigured' ? 1 : 0);
      for (const alarm of alarms)
        expect(alarm._aws).toMatchObject({ CloudWatchMetrics: [{ Namespace: 'Tenantry' }] });
    },
  );

  it('tells how to come back from AWS Marketplace for a token that is invalid or expired', async () => {
    for (const error of ['InvalidTokenException', 'ExpiredTokenException']) {
      world.awsAnswers('ResolveCustomer', () => ({ error }));
      const { body } = await post('x');
      expect((body as unknown as { detail: string }).detail).toContain('Set up your account');
    }
  });

  it('is asked twice at most while it fails', async () => {
    world.awsAnswers('ResolveCustomer', () => ({
      error: 'InternalServiceErrorException',
      status: 500,
    }));
    const before = world.awsCalls;

    await post('x');

    expect(world.awsCalls - before).toBeLessThanOrEqual(2);
  });
});

describe('the form', () => {
  const send = (raw: string, headers = {}) =>
    world.send<{ code: string }>('POST', '/marketplace/register', {
      raw,
      headers: { ...asForm, Accept: 'application/json', ...headers },
      address: randomAddress(),
    });

  it.each([
    ['no token', 'a=b'],
    ['nothing', ''],
    ['an empty token', 'x-amzn-marketplace-token='],
    ['two tokens', 'x-amzn-marketplace-token=a&x-amzn-marketplace-token=b'],
    ['a token of 9 kB', `x-amzn-marketplace-token=${'a'.repeat(9000)}`],
    [
      'a long offer type',
      `x-amzn-marketplace-token=a&x-amzn-marketplace-offer-type=${'a'.repeat(65)}`,
    ],
  ])('with %s is refused before AWS is asked', async (_, raw) => {
    const before = world.awsCalls;

    expect(await send(raw)).toMatchObject({ status: 422, body: { code: 'validation_failed' } });

    expect(world.awsCalls).toBe(before);
  });

  it('may have fields that AWS adds one day, __proto__ among them (check 76)', async () => {
    const raw = new URLSearchParams({ 'x-amzn-marketplace-token': buy(), 'x-amzn-new': '1' });

    const answer = await send(`${raw}&__proto__=x&constructor=y`);

    expect(answer.status).toBe(200);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it.each(['text/plain', 'multipart/form-data', 'application/xml', ''])(
    'as %s is refused (check 76)',
    async (type) => {
      const answer = await send('x-amzn-marketplace-token=a', { 'Content-Type': type });

      expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    },
  );

  it('counts per address before AWS is asked (check 74)', async () => {
    const { quota, windowSeconds } = limitNamed('marketplace.address');
    freezeInWindow(windowSeconds);
    const address = randomAddress();
    const token = buy();
    await post(token);
    const before = world.awsCalls;

    const answers = await Promise.all(
      Array.from({ length: quota + 10 }, (_, index) =>
        index % 2
          ? post(token, { address })
          : world.send('GET', '/marketplace/register', { query: { token }, address }),
      ),
    );

    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(10);
    expect(refused[0]?.headers['retry-after']).toBe(String(windowSeconds - 1));
    expect(world.awsCalls - before).toBe(quota);
  });
});

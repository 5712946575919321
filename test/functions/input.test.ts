import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../harness/bcrypt.ts';
import { lastingItems } from '../../harness/items.ts';
import {
  type Answered,
  type Member,
  newEni,
  randomAddress,
  type Sent,
  toEvent,
  useWorld,
} from '../../harness/world.ts';
import { type Endpoint, gatewayPaths } from '../../shared/contract/endpoint.ts';
import { endpoints } from '../../shared/contract/registry.ts';

const world = useWorld();
let owner: Member;
let apiKey: string;
let ticket: string;
let lasting: object[];

beforeAll(async () => {
  pretendBcrypt('correct horse battery');
  owner = await world.signUp();
  const created = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
    token: owner.access_token,
    body: { name: 'sensor' },
  });
  apiKey = created.body.key;
  const stub = await world.send<{ registration_ticket: string }>('POST', '/dev/stub-register');
  ticket = stub.body.registration_ticket;
  lasting = await lastingItems();
});
afterAll(() => {
  vi.restoreAllMocks();
});

const credentials = { email: 'new@example.com', password: 'correct horse battery' };
/** A body that each endpoint would take. */
const bodies: Record<string, () => object> = {
  'marketplace/register': () => ({ 'x-amzn-marketplace-token': 'unknown' }),
  'marketplace/complete-profile': () => ({ registration_ticket: ticket, ...credentials }),
  'auth/register': () => ({ ...credentials, company_name: 'Example Ltd' }),
  'auth/login': () => credentials,
  'auth/refresh': () => ({ refresh_token: owner.refresh_token }),
  'tenants/update-mine': () => ({ name: 'New name' }),
  'api-keys/create': () => ({ name: 'sensor' }),
  'webhooks/create': () => ({
    url: 'https://93.184.215.14/hook',
    events: ['tenant.updated'],
  }),
  'webhooks/update': () => ({ enabled: false }),
  'channels/update-credentials': () => ({ ozon: { client_id: '1', api_key: 'x'.repeat(20) } }),
  'detections/claim-enis': () => ({ eni_ids: [newEni()] }),
  'detections/ingest': () => ({
    detections: [{ source_ip: '192.0.2.1', label: 'X', probability: 1 }],
  }),
};
const withBody = endpoints.filter(({ body }) => body !== undefined);
const strict = withBody.filter(({ id }) => id !== 'marketplace/register');
const byName = (list: readonly Endpoint[]) =>
  list.map((endpoint) => [`${endpoint.method} ${endpoint.paths[0]}`, endpoint] as const);

interface Problem {
  code: string;
  errors?: { in: string; pointer: string; detail: string }[];
}

function send(endpoint: Endpoint, sent: Sent): Promise<Answered<Problem>> {
  const { kind } = endpoint.access;
  return world.send<Problem>(endpoint.method, gatewayPaths(endpoint)[0] ?? '', {
    address: randomAddress(),
    ...(kind === 'bearer' && { token: owner.access_token }),
    ...(kind === 'apiKey' && { apiKey }),
    ...sent,
  });
}

async function expectRefused(answer: Answered<Problem>, status: number, code: string) {
  expect(answer).toMatchObject({
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { status, code },
  });
  expect(await lastingItems()).toEqual(lasting);
}

it('has a body for every endpoint that takes one', () => {
  expect(Object.keys(bodies).toSorted()).toEqual(withBody.map(({ id }) => id).toSorted());
});

describe.each(byName(withBody))('%s', (_, endpoint) => {
  const good = () => bodies[endpoint.id]?.() ?? {};
  const json = (raw: string) =>
    send(endpoint, { raw, headers: { 'Content-Type': 'application/json' } });

  it.each([
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/json-patch+json',
    'application/jsonx',
    'text/json',
    '',
    'application/json, text/plain',
  ])('refuses the content type "%s" (check 76)', async (type) => {
    const answer = await send(endpoint, { body: good(), headers: { 'Content-Type': type } });

    await expectRefused(answer, 415, 'unsupported_media_type');
    expect(answer.headers.accept).toContain('application/json');
  });

  it('refuses a body without a content type (check 76)', async () => {
    const event = eventFor(endpoint, JSON.stringify(good()));
    event.headers = { 'x-viewer-address': randomAddress(), 'x-api-key': apiKey };

    const answer = (await world.invoke(endpoint.id, event)) as Answered<Problem>;

    await expectRefused(answer, 415, 'unsupported_media_type');
  });

  it.each([
    ['nothing', ''],
    ['half an object', '{"a":'],
    ['a comma at the end', '{"a":1,}'],
    ['two values', '{}{}'],
    ['a form', 'a=b&c=d'],
    ['a byte order mark', '\uFEFF{}'],
    ['a member twice', '{"email":"a@example.com","email":"b@example.com"}'],
    ['__proto__', '{"__proto__":{"role":"owner"}}'],
    ['10 000 levels of lists', `${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['10 000 levels of objects', `${'{"a":'.repeat(1500)}1${'}'.repeat(1500)}`],
  ])('refuses %s as JSON (check 76)', async (_name, raw) => {
    await expectRefused(await json(raw), 400, 'malformed_json');
  });

  it('refuses what is not UTF-8, sent as binary (check 76)', async () => {
    for (const bytes of [
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]),
      Buffer.from('{"a":1}', 'utf16le'),
    ]) {
      const event = eventFor(endpoint, bytes.toString('base64'));
      event.isBase64Encoded = true;

      const answer = (await world.invoke(endpoint.id, event)) as Answered<Problem>;

      await expectRefused(answer, 400, 'malformed_json');
    }
  });

  it.each(['null', '[]', '"text"', '7', 'true', '[{}]'])(
    'refuses %s in place of an object (check 76)',
    async (raw) => {
      await expectRefused(await json(raw), 422, 'validation_failed');
    },
  );

  it('refuses a body beyond its size, before it reads it (check 76)', async () => {
    const maxBytes = endpoint.maxBodyBytes ?? 16 * 1024;

    await expectRefused(await json('x'.repeat(maxBytes + 1)), 413, 'payload_too_large');
    await expectRefused(await json('é'.repeat(maxBytes / 2 + 1)), 413, 'payload_too_large');
    await expectRefused(await json('x'.repeat(maxBytes)), 400, 'malformed_json');
  });
});

describe.each(byName(strict))('%s', (_, endpoint) => {
  const good = () => bodies[endpoint.id]?.() ?? {};
  const legitimate: Record<string, string[]> = {
    'marketplace/complete-profile': ['tenant_id'],
    'auth/login': ['tenant_id'],
    'tenants/update-mine': ['version'],
  };
  const fields = [
    'role',
    'tenant_id',
    'user_id',
    'email_verified',
    'version',
    'status',
    'plan',
    'pk',
    'sk',
    'ttl',
    'password_hash',
    'constructor',
    'toString',
    'a/b~c',
  ].filter((field) => !legitimate[endpoint.id]?.includes(field));

  it('refuses every field that is not its own, and names each (check 62)', async () => {
    const extra = Object.fromEntries(fields.map((field) => [field, 'owner']));

    const answer = await send(endpoint, { body: { ...good(), ...extra } });

    await expectRefused(answer, 422, 'validation_failed');
    const pointers = answer.body.errors?.map(({ pointer }) => pointer).toSorted();
    const expected = fields.map((field) => `/${field.replace('~', '~0').replace('/', '~1')}`);
    expect(pointers).toEqual(expected.toSorted());
  });

  it('names twenty faults at most, so that the answer is not much larger than the request', async () => {
    const extra = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`, 0]));

    const answer = await send(endpoint, { body: { ...good(), ...extra } });

    await expectRefused(answer, 422, 'validation_failed');
    expect(answer.body.errors).toHaveLength(20);
  });

  it('says nothing of what was sent when it refuses it (check 80)', async () => {
    const canary = 'canary-in-a-value';

    const answer = await send(endpoint, { body: { ...good(), unknown: canary } });

    expect(JSON.stringify(answer)).not.toContain(canary);
  });
});

describe('the prototype of objects', () => {
  it('is as it was after all this (check 76)', () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { role?: unknown }).role).toBeUndefined();
  });

  it('cannot be reached by the query either (check 76)', async () => {
    const answer = await world.send<Problem>('GET', '/api/v1/detections', {
      token: owner.access_token,
      query: JSON.parse('{"__proto__":"x","constructor":"y"}'),
    });

    expect(answer.status).toBe(422);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('sizes in one field', () => {
  it.each([
    ['auth/login', { password: 'x'.repeat(1025) }, '/password'],
    ['auth/refresh', { refresh_token: 'x'.repeat(513) }, '/refresh_token'],
    [
      'marketplace/complete-profile',
      { registration_ticket: 'x'.repeat(4097) },
      '/registration_ticket',
    ],
    ['auth/login', { tenant_id: 'tnt_x#y' }, '/tenant_id'],
    ['auth/login', { password: '\ud800abcdefgh' }, '/password'],
    ['auth/login', { password: ['a'] }, '/password'],
    ['auth/login', { email: { $ne: '' } }, '/email'],
  ])('%s is told of %j (checks 43, 63)', async (id, change, pointer) => {
    const endpoint = endpoints.find((candidate) => candidate.id === id);
    if (!endpoint) throw new Error('There is no such endpoint');

    const answer = await send(endpoint, { body: { ...bodies[id]?.(), ...change } });

    await expectRefused(answer, 422, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ in: 'body', pointer }]);
  });
});

/** An event as API Gateway makes it, with the caller's token already verified. */
function eventFor(endpoint: Endpoint, body: string) {
  const path = gatewayPaths(endpoint)[0] ?? '';
  const event = toEvent(endpoint, path, path, {}, { raw: body, apiKey, address: randomAddress() });
  event.requestContext.authorizer = {
    tenant_id: owner.tenantId,
    user_id: owner.userId,
    role: 'owner',
    session_id: owner.sessionId,
    expires_at: String(Math.floor(Date.now() / 1000) + 900),
  };
  return event;
}

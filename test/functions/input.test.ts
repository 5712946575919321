import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../harness/bcrypt.ts';
import { lastingItems } from '../../harness/items.ts';
import {
  bodyMutations,
  inputSchema,
  isStrict,
  membersOf,
  parameterMutations,
} from '../../harness/mutations.ts';
import { loadSamples, sampleOf } from '../../harness/samples.ts';
import { sendTo, stageOf } from '../../harness/stage.ts';
import { type Authorized, newTenant, password, pathOf } from '../../harness/tenant.ts';
import { type Answered, randomAddress, type Sent, useWorld } from '../../harness/world.ts';
import type { Endpoint } from '../../shared/contract/endpoint.ts';
import { endpoints } from '../../shared/contract/registry.ts';
import { login, refresh } from '../../shared/identity/contract.ts';
import { completeProfile } from '../../shared/marketplace/contract.ts';

const world = useWorld();
const stage = stageOf(world);
const samples = await loadSamples();

beforeAll(() => {
  pretendBcrypt(password);
});
afterAll(() => {
  vi.restoreAllMocks();
});

interface Problem {
  code: string;
  errors?: { in: string; pointer: string; detail: string }[];
}

/**
 * The sample of an endpoint, from a tenant of its own, and the ways to send it otherwise. All that
 * the tests around it send is refused, so it has changed nothing by their end.
 */
function useSample(endpoint: Endpoint) {
  let good: Authorized = {};
  let lasting: object[] = [];
  beforeAll(async () => {
    const tenant = await newTenant(stage);
    const request = await sampleOf(samples, endpoint).request(tenant);
    good = { ...request, ...(await tenant.credentialsFor(endpoint)) };
    lasting = await lastingItems();
  });
  afterAll(async () => {
    expect(await lastingItems()).toEqual(lasting);
  });
  const send = (change: Authorized, more: Sent = {}) =>
    sendTo<Problem>(world, endpoint, { ...good, ...change }, more);
  return {
    send,
    body: () => (good.body ?? {}) as Record<string, unknown>,
    good: () => good,
    json: (raw: string) => send({}, { raw, headers: { 'Content-Type': 'application/json' } }),
    /** The event of the sample as API Gateway makes it, with the caller's token already verified. */
    async event() {
      const { token, apiKey, body, path } = good;
      const { event } = await world.request(endpoint.method, pathOf(endpoint, path), {
        body,
        token,
        ...(apiKey && { apiKey }),
        address: randomAddress(),
      });
      if (!event) throw new Error('The authorizer refused the sample');
      return event;
    },
    expectRefused(answer: Answered<Problem>, status: number, code: string) {
      expect(answer).toMatchObject({
        status,
        headers: { 'content-type': 'application/problem+json' },
        body: { status, code },
      });
    },
  };
}

const byName = (list: readonly Endpoint[]) =>
  list.map((endpoint) => [`${endpoint.method} ${endpoint.paths[0]}`, endpoint] as const);
const withBody = endpoints.filter(({ body }) => body !== undefined);
const strict = withBody.filter(({ body }) => body && isStrict(body));

describe.each(byName(endpoints))('%s', (_, endpoint) => {
  it('takes its sample and answers as its entry promises', async () => {
    const tenant = await newTenant(stage);
    const one = sampleOf(samples, endpoint);
    const request = await one.request(tenant);

    const answer = await sendTo(world, endpoint, {
      ...request,
      ...(await tenant.credentialsFor(endpoint)),
    });

    expect(answer).toMatchObject({ status: one.status });
    // The world has held the answer against the schema for this status.
    expect(Object.keys(endpoint.responses)).toContain(String(answer.status));
  });
});

describe.each(byName(withBody))('%s', (_, endpoint) => {
  const { send, body, json, event, expectRefused } = useSample(endpoint);

  it('refuses its sample with any member missing, of another type or beyond its bounds (check 76)', async () => {
    if (!endpoint.body) throw new Error('There is no schema');
    const mutations = bodyMutations(endpoint.body, body());
    expect(mutations.length).toBeGreaterThanOrEqual(5);

    for (const { name, value, pointer } of mutations) {
      const answer = await send({ body: value });
      expect(answer, name).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
      const faults = answer.body.errors ?? [];
      expect(
        faults.filter((fault) => fault.in === 'body' && fault.pointer.startsWith(pointer)),
        `${name}: ${JSON.stringify(faults)}`,
      ).not.toEqual([]);
    }
  });

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
    const answer = await send({}, { headers: { 'Content-Type': type } });

    expectRefused(answer, 415, 'unsupported_media_type');
    expect(answer.headers.accept).toContain('application/json');
  });

  it('refuses a body without a content type (check 76)', async () => {
    const untyped = await event();
    delete untyped.headers['Content-Type'];

    const answer = (await world.invoke(endpoint.id, untyped)) as Answered<Problem>;

    expectRefused(answer, 415, 'unsupported_media_type');
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
    expectRefused(await json(raw), 400, 'malformed_json');
  });

  it('refuses what is not UTF-8, sent as binary (check 76)', async () => {
    for (const bytes of [
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]),
      Buffer.from('{"a":1}', 'utf16le'),
    ]) {
      const binary = { ...(await event()), body: bytes.toString('base64'), isBase64Encoded: true };

      const answer = (await world.invoke(endpoint.id, binary)) as Answered<Problem>;

      expectRefused(answer, 400, 'malformed_json');
    }
  });

  it.each(['null', '[]', '"text"', '7', 'true', '[{}]'])(
    'refuses %s in place of an object (check 76)',
    async (raw) => {
      expectRefused(await json(raw), 422, 'validation_failed');
    },
  );

  it('refuses a body beyond its size, before it reads it (check 76)', async () => {
    const maxBytes = endpoint.maxBodyBytes ?? 16 * 1024;

    expectRefused(await json('x'.repeat(maxBytes + 1)), 413, 'payload_too_large');
    expectRefused(await json('é'.repeat(maxBytes / 2 + 1)), 413, 'payload_too_large');
    expectRefused(await json('x'.repeat(maxBytes)), 400, 'malformed_json');
  });
});

describe.each(byName(strict))('%s', (_, endpoint) => {
  const { send, body, expectRefused } = useSample(endpoint);
  const own = endpoint.body ? membersOf(endpoint.body) : [];
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
  ].filter((field) => !own.includes(field));

  it('refuses every field that is not its own, and names each (check 62)', async () => {
    const extra = Object.fromEntries(fields.map((field) => [field, 'owner']));

    const answer = await send({ body: { ...body(), ...extra } });

    expectRefused(answer, 422, 'validation_failed');
    const pointers = answer.body.errors?.map(({ pointer }) => pointer).toSorted();
    const expected = fields.map((field) => `/${field.replace('~', '~0').replace('/', '~1')}`);
    expect(pointers).toEqual(expected.toSorted());
  });

  it('names twenty faults at most, so that the answer is not much larger than the request', async () => {
    const extra = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x${index}`, 0]));

    const answer = await send({ body: { ...body(), ...extra } });

    expectRefused(answer, 422, 'validation_failed');
    expect(answer.body.errors).toHaveLength(20);
  });

  it('says nothing of what was sent when it refuses it (check 80)', async () => {
    const canary = 'canary-in-a-value';

    const answer = await send({ body: { ...body(), unknown: canary } });

    expect(JSON.stringify(answer)).not.toContain(canary);
  });
});

it('has bodies that let unknown members pass only where others may add some', () => {
  const loose = withBody.filter((endpoint) => !strict.includes(endpoint)).map(({ id }) => id);

  expect(loose).toEqual(['marketplace/register']);
});

const withQuery = endpoints.filter(({ query }) => query !== undefined);

describe.each(byName(withQuery))('%s', (_, endpoint) => {
  const { send, good } = useSample(endpoint);
  const { query } = endpoint;
  const refused = async (name: string, changed: object, pointers: string[]) => {
    const answer = await send({ query: changed });
    expect(answer, name).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    for (const pointer of pointers)
      expect(answer.body.errors, name).toContainEqual(
        expect.objectContaining({ in: 'query', pointer }),
      );
  };

  it('refuses parameters that it does not know, that are none of its values, or come twice (check 76)', async () => {
    if (!query) throw new Error('There is no schema');
    const given = (good().query ?? {}) as Record<string, string>;
    for (const { name, value, pointer } of parameterMutations(query, given))
      await refused(name, value as object, [pointer]);
    for (const name of Object.keys(inputSchema(query).properties ?? {}))
      await refused(`${name} twice`, { ...given, [name]: ['1', '1'] }, [`/${name}`]);
  });

  if (query && isStrict(query))
    it('lets no parameter reach the prototype of objects (check 76)', async () => {
      await refused('__proto__', JSON.parse('{"__proto__":"x","constructor":"y"}'), [
        '/constructor',
      ]);
      expect(({} as { x?: unknown }).x).toBeUndefined();
    });
});

const withPath = endpoints.filter(({ path }) => path !== undefined);

describe.each(byName(withPath))('%s', (_, endpoint) => {
  const { send, good } = useSample(endpoint);

  it('refuses ids that are too long, and knows none with signs of keys in them (check 76)', async () => {
    const given = good().path as Record<string, string>;
    for (const name of Object.keys(given))
      for (const id of ['x'.repeat(2000), `${given[name]}#x`, `${given[name]}%`, '__proto__']) {
        const answer = await send({ path: { ...given, [name]: id } });
        expect([404, 422], id).toContain(answer.status);
      }
  });
});

describe('the prototype of objects', () => {
  it('is as it was after all this (check 76)', () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { role?: unknown }).role).toBeUndefined();
  });
});

describe.each([
  [login, { password: 'x'.repeat(1025) }, '/password'],
  [refresh, { refresh_token: 'x'.repeat(513) }, '/refresh_token'],
  [completeProfile, { registration_ticket: 'x'.repeat(4097) }, '/registration_ticket'],
  [login, { tenant_id: 'tnt_x#y' }, '/tenant_id'],
  [login, { password: '\ud800abcdefgh' }, '/password'],
  [login, { password: ['a'] }, '/password'],
  [login, { email: { $ne: '' } }, '/email'],
] as const)('one field', (endpoint, change, pointer) => {
  const { send, body, expectRefused } = useSample(endpoint);

  it(`${endpoint.id} is told of ${JSON.stringify(change).slice(0, 40)} (checks 43, 63)`, async () => {
    const answer = await send({ body: { ...body(), ...change } });

    expectRefused(answer, 422, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ in: 'body', pointer }]);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { day, second, travel } from '../../../harness/clock.ts';
import { allItems, isOfAuditLog, lastingItems, setTenantStatus } from '../../../harness/items.ts';
import { sampleScope, samples, take, useSampleScope } from '../../../harness/sample.ts';
import { type Member, randomAddress, useWorld } from '../../../harness/world.ts';
import { apiKeyKeys } from '../../../shared/api-keys/keys.ts';

const world = useWorld();
useSampleScope();
interface ApiKey {
  id: string;
  name: string;
  scopes: string[];
  expires_at: string;
  created_at: string;
}
let owner: Member;
beforeAll(() => {
  pretendBcrypt('correct horse battery');
});
afterAll(() => {
  vi.restoreAllMocks();
});
beforeAll(async () => {
  owner = await world.signUp();
});
// Containers that remember nothing of what earlier tests did.
beforeEach(() => {
  vi.resetModules();
});

const create = (body: object = {}, member = owner) =>
  world.send<ApiKey & { key: string; errors?: object[] }>('POST', '/api/v1/api-keys', {
    token: member.access_token,
    body: { name: 'sensor', ...body },
  });
const list = async (member = owner) =>
  (
    await world.send<{ items: ApiKey[] }>('GET', '/api/v1/api-keys', {
      token: member.access_token,
    })
  ).body.items;
const remove = (id: string, member = owner) =>
  world.send('DELETE', `/api/v1/api-keys/${id}`, { token: member.access_token });
const use = (apiKey: string, headers = {}) =>
  take(world, { apiKey, headers, body: samples, address: randomAddress() });

describe('an API key', () => {
  it('is shown once, with 256 random bits, and kept only as a hash (checks 19, 26)', async () => {
    const answer = await create({ name: ' sensor 1 ' });

    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^key_/),
      name: 'sensor 1',
      key: expect.stringMatching(/^tky_[\w-]{43}$/),
      scopes: [sampleScope.name],
      expires_at: expect.any(String),
      created_at: expect.any(String),
    });
    expect(Buffer.from(answer.body.key.slice(4), 'base64url')).toHaveLength(32);
    const { key, ...shown } = answer.body;
    expect(await list()).toContainEqual(shown);
    expect(JSON.stringify(await list())).not.toContain(key.slice(4));
    expect(JSON.stringify(await allItems())).not.toContain(key.slice(4));
  });

  it('is never the same twice', async () => {
    const [a, b] = await Promise.all([create(), create()]);

    expect(a.body.key).not.toBe(b.body.key);
  });

  it('works until it expires, and is not listed after', async () => {
    const { body } = await create({ expires_in_days: 2 });
    expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(2 * day);

    expect((await use(body.key)).status).toBe(202);
    travel(2 * day);
    expect(await use(body.key)).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } });
    const fresh = await world.login(owner.email, owner.password);
    expect((await list({ ...owner, ...fresh.body })).map(({ id }) => id)).not.toContain(body.id);
    // The table may take days to delete it.
    expect((await allItems()).some(({ id }) => id === body.id)).toBe(true);
  });

  it('lives a year unless told', async () => {
    const { body } = await create();

    expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(365 * day);
  });

  it('stops working within 60 seconds of its deletion, also where it is remembered', async () => {
    const { body } = await create();
    expect((await use(body.key)).status).toBe(202);

    const answer = await remove(body.id);

    expect([answer.status, answer.body]).toEqual([204, '']);
    travel(30 * second);
    expect(await use(body.key)).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } });
    expect((await list()).map(({ id }) => id)).not.toContain(body.id);
    const left = (await lastingItems()).filter((item) => !isOfAuditLog(item));
    expect(JSON.stringify(left)).not.toContain(body.id);
  });

  it('is deleted once: then there is none', async () => {
    const { body } = await create();
    await remove(body.id);

    expect(await remove(body.id)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it.each([
    ['nothing', ''],
    ['a word', 'x'],
    ['another key', `tky_${'A'.repeat(43)}`],
    ['a key with something behind it', (key: string) => `${key}A`],
    ['a key in capitals', (key: string) => key.toUpperCase()],
    ['the key without its prefix', (key: string) => key.slice(4)],
    ['a key and a line break', (key: string) => `${key}\n`],
    ['two keys', (key: string) => `${key}, ${key}`],
    ['a hash', 'RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o'],
  ])('is not %s', async (_, wrong) => {
    const { body } = await create();

    const answer = await use(typeof wrong === 'string' ? wrong : wrong(body.key));

    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } });
  });

  it('may come under its header in any spelling, and not in the query or the body', async () => {
    const { body } = await create();
    const send = (sent: object) => take(world, { body: samples, ...sent });

    expect((await send({ headers: { 'x-API-key': body.key } })).status).toBe(202);
    expect((await send({ query: { 'X-Api-Key': body.key, api_key: body.key } })).status).toBe(401);
    expect((await send({ body: { ...samples, api_key: body.key } })).status).toBe(401);
    expect((await send({ headers: { Authorization: `Bearer ${body.key}` } })).status).toBe(401);
  });

  it('without the scope is refused', async () => {
    const { body } = await create();
    const [{ updateItem }, { createHash }] = await Promise.all([
      import('../../../shared/table/table.ts'),
      import('node:crypto'),
    ]);
    await updateItem({
      Key: apiKeyKeys.apiKeyLookup(createHash('sha256').update(body.key).digest('base64url')),
      UpdateExpression: 'SET scopes = :none',
      ExpressionAttributeValues: { ':none': [] },
    });

    expect(await use(body.key)).toMatchObject({
      status: 403,
      body: { code: 'insufficient_scope' },
    });
  });

  it.each([
    ['SUSPENDED', 'tenant_suspended'],
    ['PENDING_PROFILE', 'subscription_pending'],
  ])('of a tenant that is %s is refused within 60 seconds', async (status, code) => {
    const member = await world.signUp();
    const { body } = await create({}, member);
    expect((await use(body.key)).status).toBe(202);
    await setTenantStatus(member, status);
    travel(30 * second);

    expect(await use(body.key)).toMatchObject({ status: 403, body: { code } });
  });

  it('is looked at before the body: nobody learns of the schema without one', async () => {
    const answer = await take(world, { raw: '{', apiKey: 'x' });

    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_api_key' } });
  });
});

describe('creating', () => {
  it.each([
    ['no name', { name: undefined }, '/name'],
    ['an empty name', { name: ' ' }, '/name'],
    ['a name of 101', { name: 'x'.repeat(101) }, '/name'],
    ['a line break in the name', { name: 'a\nb' }, '/name'],
    ['an unknown scope', { scopes: ['admin'] }, '/scopes/0'],
    ['no scope', { scopes: [] }, '/scopes'],
    ['a scope twice', { scopes: [sampleScope.name, sampleScope.name] }, '/scopes'],
    ['no days', { expires_in_days: 0 }, '/expires_in_days'],
    ['more than two years', { expires_in_days: 731 }, '/expires_in_days'],
    ['half a day', { expires_in_days: 0.5 }, '/expires_in_days'],
    ['a key of its own', { key: 'tky_x' }, '/key'],
    ['an id of its own', { id: 'key_x' }, '/id'],
  ])('refuses %s and writes nothing (check 62)', async (_, change, pointer) => {
    const before = await lastingItems();

    const answer = await create(change);

    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(answer.body.errors).toMatchObject([{ in: 'body', pointer }]);
    expect(await lastingItems()).toEqual(before);
  });

  /** One after the other: side by side they may find each other in the way. */
  async function createMany(count: number, member: Member): Promise<void> {
    for (let created = 0; created < count; created += 1)
      expect((await create({}, member)).status).toBe(201);
  }

  it('ends at 100 keys, until one is deleted', async () => {
    const member = await world.signUp();
    await createMany(100, member);
    const all = await list(member);
    expect(all).toHaveLength(100);
    expect(all.map(({ id }) => id)).toEqual(
      all
        .map(({ id }) => id)
        .toSorted()
        .reverse(),
    );

    expect(await create({}, member)).toMatchObject({
      status: 409,
      body: { code: 'too_many_api_keys' },
    });
    await remove(all[0]?.id ?? '', member);
    expect((await create({}, member)).status).toBe(201);
  });

  it('counts a key that is made while another one is being made', async () => {
    const member = await world.signUp();
    await createMany(99, member);
    const { tableClient } = await import('../../../shared/table/table.ts');
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isFirst = true;
    tableClient.middlewareStack.add(
      (next) => async (args) => {
        if (isFirst && (args.input as { Key?: { sk?: unknown } }).Key?.sk === 'APIKEYS') {
          isFirst = false;
          reached.resolve();
          await released.promise;
        }
        return next(args);
      },
      { step: 'initialize', name: 'hold' },
    );

    const slow = create({}, member);
    await reached.promise;
    expect((await create({}, member)).status).toBe(201);
    released.resolve();

    expect((await slow).status).toBe(409);
    tableClient.middlewareStack.remove('hold');
    expect(await list(member)).toHaveLength(100);
  });

  it('ends at 100 keys also for those who create side by side', async () => {
    const member = await world.signUp();
    await createMany(99, member);

    const answers = await Promise.all(Array.from({ length: 8 }, () => create({}, member)));

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await list(member)).toHaveLength(100);
  });
});

describe('the id of a key', () => {
  it.each([
    'key_x#APIKEY#y',
    '..%2Fkey_x',
    'key_*',
    'TENANT#x',
    '%23',
    'key_x%23y',
    ' ',
    'x'.repeat(64),
    "key_' OR 1=1",
    'key_éééééééééééééééééééééééééé',
    '__proto__',
  ])('%j reaches nothing (checks 60, 63)', async (id) => {
    const before = await lastingItems();

    const answer = await world.send('DELETE', `/api/v1/api-keys/${id}`, {
      token: owner.access_token,
    });

    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await lastingItems()).toEqual(before);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import { freezeInWindow, minute, travel } from '../../../harness/clock.ts';
import { allItems, setRole, useUp } from '../../../harness/items.ts';
import { outputOf } from '../../../harness/output.ts';
import { type Member, type Sent, useWorld } from '../../../harness/world.ts';
import type { ShownCredentials } from '../../../shared/channels/credentials.ts';
import { channelKeys } from '../../../shared/channels/keys.ts';

const world = useWorld();
const path = '/api/v1/tenants/me/credentials';
interface Body {
  items: ShownCredentials[];
  code: string;
  detail: string;
}

beforeAll(() => {
  pretendBcrypt('correct horse battery');
});
afterEach(() => {
  for (const seller of Object.values(channelsOf(world))) seller.setFaults({});
});
afterAll(() => {
  vi.restoreAllMocks();
});

const send = (method: 'PATCH' | 'GET' | 'DELETE', { access_token }: Member, sent: Sent = {}) =>
  world.send<Body>(method, path, { token: access_token, ...sent });
const save = (member: Member, body: object) => send('PATCH', member, { body });
const newAccount = (marketplace: 'wildberries' | 'ozon', request: object = {}) =>
  channelsOf(world)[marketplace].createAccount({ products: 3, ...request }).credentials;
const verified = (credentials: object) => ({
  credentials,
  isVerified: true,
  version: expect.any(String),
});
const itemOf = async ({ tenantId }: Member, marketplace: string) =>
  (await allItems()).find(
    ({ pk, sk }) => pk === `TENANT#${tenantId}` && sk === `CREDENTIAL#${marketplace}`,
  );
const modules = async () => ({
  ...(await import('../../../shared/channels/credentials.ts')),
  ...(await import('../../../shared/channels/rewrap.ts')),
  ...(await import('../../../shared/table/table.ts')),
  ...(await import('../../../shared/runtime/envelopes.ts')),
});

describe('saving seller credentials', () => {
  it('tries them, saves them and shows them masked', async () => {
    const owner = await world.signUp();
    const [wildberries, ozon] = [newAccount('wildberries'), newAccount('ozon')];

    const saved = await save(owner, { wildberries, ozon });

    expect(saved.status).toBe(200);
    const { body } = await send('GET', owner);
    expect(body).toEqual(saved.body);
    expect(body.items).toEqual([
      {
        marketplace: 'ozon',
        masked: { client_id: ozon.client_id, api_key: `••••${ozon.api_key?.slice(-4)}` },
        is_verified: true,
        verified_at: expect.any(String),
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
      expect.objectContaining({
        marketplace: 'wildberries',
        masked: { api_key: `••••${wildberries.api_key?.slice(-4)}` },
        is_verified: true,
      }),
    ]);
    const { openCredentials } = await modules();
    expect(await openCredentials(owner.tenantId, 'ozon')).toEqual(verified(ozon));
    expect(await openCredentials(owner.tenantId, 'wildberries')).toEqual(verified(wildberries));
  });

  it('replaces a key and keeps when the first one was saved', async () => {
    const owner = await world.signUp();
    const first = await save(owner, { ozon: newAccount('ozon') });
    travel(minute);
    const ozon = newAccount('ozon');

    const second = await save(owner, { ozon });

    expect(second.body.items[0]?.created_at).toBe(first.body.items[0]?.created_at);
    expect(second.body.items[0]?.updated_at).not.toBe(first.body.items[0]?.updated_at);
    expect(await (await modules()).openCredentials(owner.tenantId, 'ozon')).toEqual(verified(ozon));
  });

  it.each([
    [
      'a wrong key',
      { ozon: { client_id: '1', api_key: 'nobodys-key-at-all' } },
      'seller_key_refused',
    ],
    ['a wrong key', { wildberries: { api_key: 'nobodys-key-at-all' } }, 'seller_key_refused'],
  ])('refuses %s, also unverified', async (_, body, code) => {
    const owner = await world.signUp();

    expect(await save(owner, body)).toMatchObject({ status: 422, body: { code } });
    expect(await save(owner, { ...body, save_unverified: true })).toMatchObject({ body: { code } });
    expect((await send('GET', owner)).body.items).toEqual([]);
  });

  it('refuses a key without a category, and names the category', async () => {
    const owner = await world.signUp();
    const wildberries = newAccount('wildberries', { lacks: ['analytics'] });

    expect(await save(owner, { wildberries })).toMatchObject({
      status: 422,
      body: { code: 'seller_key_scope', detail: 'The Wildberries key does not open: Analytics.' },
    });
  });

  it('saves nothing when one of two is refused', async () => {
    const owner = await world.signUp();
    const ozon = newAccount('ozon');

    const answer = await save(owner, { ozon, wildberries: { api_key: 'nobodys-key-at-all' } });

    expect(answer.body.code).toBe('seller_key_refused');
    expect((await send('GET', owner)).body.items).toEqual([]);
  });

  it('saves although the API is down only on request, and says so', async () => {
    const owner = await world.signUp();
    const ozon = newAccount('ozon');
    channelsOf(world).ozon.setFaults({ error: 'unavailable' });

    const refused = await save(owner, { ozon });
    const saved = await save(owner, { ozon, save_unverified: true });

    expect(refused).toMatchObject({ status: 503, body: { code: 'seller_unavailable' } });
    expect(refused.headers['retry-after']).toBeDefined();
    expect(saved.body.items[0]).toMatchObject({ is_verified: false, verified_at: null });
    channelsOf(world).ozon.setFaults({});
    expect((await save(owner, { ozon })).body.items[0]?.is_verified).toBe(true);
  });

  it.each([
    {},
    { save_unverified: true },
    { amazon: { api_key: 'x'.repeat(20) } },
    { ozon: { api_key: 'x'.repeat(20) } },
    { ozon: { client_id: 'abc', api_key: 'x'.repeat(20) } },
    { wildberries: { api_key: 'short' } },
    { wildberries: { api_key: `${'x'.repeat(20)}\r\nX-Other: y` } },
    { wildberries: { api_key: 'ключ'.repeat(10) } },
    { wildberries: { api_key: 'x'.repeat(5000) } },
  ])('refuses the body %j', async (body) => {
    const owner = await world.signUp();

    expect(await save(owner, body)).toMatchObject({
      status: 422,
      body: { code: 'validation_failed' },
    });
  });

  it('answers no credentials for what is not there', async () => {
    const owner = await world.signUp();

    await expect((await modules()).openCredentials(owner.tenantId, 'ozon')).rejects.toMatchObject({
      code: 'no_credentials',
    });
  });
});

describe('deleting seller credentials', () => {
  it('deletes those of one marketplace, or all, and nothing is left', async () => {
    const owner = await world.signUp();
    await save(owner, { wildberries: newAccount('wildberries'), ozon: newAccount('ozon') });

    const one = await send('DELETE', owner, { query: { marketplace: 'ozon' } });
    expect(one.status).toBe(204);
    expect((await send('GET', owner)).body.items.map(({ marketplace }) => marketplace)).toEqual([
      'wildberries',
    ]);
    expect((await send('DELETE', owner)).status).toBe(204);

    expect((await send('GET', owner)).body.items).toEqual([]);
    expect(await itemOf(owner, 'wildberries')).toBeUndefined();
    expect((await send('DELETE', owner, { query: { marketplace: 'amazon' } })).status).toBe(422);
  });

  it('is for owners and admins, as saving and reading are', async () => {
    for (const role of ['user', 'viewer']) {
      const member = await world.signUp();
      await setRole(member, role);
      expect((await save(member, { ozon: newAccount('ozon') })).status).toBe(403);
      expect((await send('GET', member)).status).toBe(403);
      expect((await send('DELETE', member)).status).toBe(403);
    }
  });
});

describe('save_unverified', () => {
  it('does not let a key pass because our own turns are used up', async () => {
    const owner = await world.signUp();
    const wrong = { api_key: 'a-key-that-nobody-has-given-out' };
    expect((await save(owner, { wildberries: wrong, save_unverified: true })).status).toBe(422);
    const { putItem } = await modules();
    for (const item of await allItems())
      if (String(item.pk).startsWith('SELLERLIMIT#wildberries#'))
        await putItem({ Item: { ...item, full_at_ms: Date.now() + 3_600_000 } });

    const answer = await save(owner, { wildberries: wrong, save_unverified: true });

    expect(answer).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(3000);
    expect(await itemOf(owner, 'wildberries')).toBeUndefined();
  });
});

describe('third-party credentials (check 69)', () => {
  let number = 776;
  let secretOf: { client_id: string; api_key: string };
  beforeEach(() => {
    number += 1;
    secretOf = { client_id: String(number), api_key: `a-very-secret-key-of-seller-${number}` };
  });
  const saveUntried = async (member: Member) => {
    channelsOf(world).ozon.setFaults({ error: 'unavailable' });
    const { status } = await save(member, { ozon: secretOf, save_unverified: true });
    expect(status).toBe(200);
    channelsOf(world).ozon.setFaults({});
  };

  it('are nowhere in the table in clear, and in no log', async () => {
    const owner = await world.signUp();

    const output = await outputOf(async () => {
      await saveUntried(owner);
      await save(owner, { ozon: secretOf });
      await send('GET', owner);
      await (await modules()).openCredentials(owner.tenantId, 'ozon');
    });

    expect(output).toContain('credentials.saved');
    for (const text of [output, JSON.stringify(await allItems())]) {
      expect(text).not.toContain(secretOf.api_key);
      expect(text).not.toContain(Buffer.from(secretOf.api_key).toString('base64'));
    }
  });

  it('do not open when their ciphertext is moved to the item of another tenant', async () => {
    const [a, b] = [await world.signUp(), await world.signUp()];
    await saveUntried(a);
    const { putItem, openCredentials } = await modules();
    const stolen = await itemOf(a, 'ozon');

    await putItem({ Item: { ...stolen, ...channelKeys.credential(b.tenantId, 'ozon') } });

    await expect(openCredentials(b.tenantId, 'ozon')).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
    expect(await openCredentials(a.tenantId, 'ozon')).toMatchObject({
      credentials: secretOf,
      isVerified: false,
    });
  });

  it('do not open as those of another marketplace of the same tenant', async () => {
    const owner = await world.signUp();
    await saveUntried(owner);
    const { putItem, openCredentials } = await modules();
    const item = await itemOf(owner, 'ozon');

    await putItem({ Item: { ...item, ...channelKeys.credential(owner.tenantId, 'wildberries') } });

    await expect(openCredentials(owner.tenantId, 'wildberries')).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  it('are bound to their owner by the content too, not by its data key alone', async () => {
    const { seal, open } = await modules();
    const [mine, yours] = [
      { tenantId: 'tnt_mine', credential: 'ozon' },
      { tenantId: 'tnt_yours', credential: 'ozon' },
    ];
    const [sealed, other] = [await seal(mine, 'secret'), await seal(yours, 'secret')];
    // A KMS that would hand out any data key to anybody.
    const keyOf = (context: object, blob: object) =>
      world.keyring.call('Decrypt', { ...blob, EncryptionContext: context });
    world.awsAnswers('Decrypt', ({ CiphertextBlob }) => ({
      members: keyOf({ tenant_id: mine.tenantId, credential: 'ozon' }, { CiphertextBlob }),
    }));

    await expect(open(yours, sealed)).rejects.toThrow('belongs to another owner');
    await expect(open(mine, { ...sealed, sealed: other.sealed })).rejects.toThrow();
    expect(await open(mine, sealed)).toBe('secret');
  });

  it('have a fresh data key and a fresh 96-bit IV each time', async () => {
    const { seal } = await modules();
    const owner = { tenantId: 'tnt_x', credential: 'ozon' };

    const sealed = await Promise.all(Array.from({ length: 20 }, () => seal(owner, 'same')));

    const ivs = sealed.map((envelope) => envelope.sealed.split('.')[2] ?? '');
    expect(new Set(ivs).size).toBe(20);
    expect(new Set(sealed.map(({ data_key }) => data_key)).size).toBe(20);
    for (const iv of ivs) expect(Buffer.from(iv, 'base64url')).toHaveLength(12);
    const header = JSON.parse(
      Buffer.from(sealed[0]?.sealed.split('.')[0] ?? '', 'base64url').toString(),
    );
    expect(header).toEqual({ alg: 'dir', enc: 'A256GCM', tenant_id: 'tnt_x', credential: 'ozon' });
  });

  it('do not open when a byte of them was changed', async () => {
    const { seal, open } = await modules();
    const owner = { tenantId: 'tnt_x', credential: 'ozon' };
    const envelope = await seal(owner, 'secret');
    for (const part of [0, 2, 3, 4]) {
      const parts = envelope.sealed.split('.');
      const text = parts[part] ?? '';
      parts[part] = (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
      await expect(open(owner, { ...envelope, sealed: parts.join('.') })).rejects.toThrow();
    }
  });

  const forgetAll = async () => {
    const { deleteItem } = await modules();
    for (const { pk, sk } of await allItems())
      if (String(sk).startsWith('CREDENTIAL#')) await deleteItem({ Key: { pk, sk } });
  };

  it('are sealed anew after the key has rotated, and then no more', async () => {
    await forgetAll();
    const members = [await world.signUp(), await world.signUp(), await world.signUp()];
    for (const member of members) await saveUntried(member);
    const { rewrapCredentials, openCredentials } = await modules();
    const inAnHour = Date.now() + 3_600_000;
    travel(minute);
    await rewrapCredentials(inAnHour);
    const before = await Promise.all(members.map((member) => itemOf(member, 'ozon')));
    expect(await rewrapCredentials(inAnHour)).toEqual({ rewrapped: 0, failed: 0, isDone: true });

    world.keyring.call('RotateKeyOnDemand', { KeyId: process.env.CREDENTIALS_KEY_ID });
    travel(minute);
    const outcome = await rewrapCredentials(inAnHour);

    expect(outcome).toEqual({ rewrapped: 3, failed: 0, isDone: true });
    for (const [index, member] of members.entries()) {
      const item = await itemOf(member, 'ozon');
      expect(item?.key_material_id).not.toBe(before[index]?.key_material_id);
      expect(item?.data_key).not.toBe(before[index]?.data_key);
      expect(item?.updated_at).toBe(before[index]?.updated_at);
      expect(await openCredentials(member.tenantId, 'ozon')).toMatchObject({
        credentials: secretOf,
        isVerified: false,
      });
    }
    travel(minute);
    expect((await rewrapCredentials(inAnHour)).rewrapped).toBe(0);
  });

  it('are passed over by the rotation when they cannot be opened, and named in the log', async () => {
    await forgetAll();
    const [a, b] = [await world.signUp(), await world.signUp()];
    await saveUntried(a);
    travel(minute);
    await saveUntried(b);
    const { putItem, rewrapCredentials } = await modules();
    await putItem({ Item: { ...(await itemOf(a, 'ozon')), data_key: 'AAAA' } });
    const { marketplace: _, ...broken } = (await itemOf(b, 'ozon')) ?? {};
    await putItem({ Item: { ...broken, sk: 'CREDENTIAL#other' } });
    world.keyring.call('RotateKeyOnDemand', { KeyId: process.env.CREDENTIALS_KEY_ID });
    travel(minute);

    let outcome: unknown;
    const output = await outputOf(async () => {
      outcome = await rewrapCredentials(Date.now() + 3_600_000);
    });

    expect(outcome).toEqual({ rewrapped: 1, failed: 2, isDone: true });
    expect(output).toContain('rewrap_failed');
    expect(output).toContain(a.tenantId);
    expect(output).toContain('CREDENTIAL#other');
  });

  it('are left to the next run when the time is up, and to whoever changed them meanwhile', async () => {
    await forgetAll();
    const owner = await world.signUp();
    await saveUntried(owner);
    const { rewrap, rewrapCredentials } = await modules();
    world.keyring.call('RotateKeyOnDemand', { KeyId: process.env.CREDENTIALS_KEY_ID });
    travel(minute);

    expect(await rewrapCredentials(Date.now())).toMatchObject({ rewrapped: 0, isDone: false });
    expect(await rewrap(owner.tenantId, 'ozon', 'another time')).toBe(false);
    expect(await rewrap(owner.tenantId, 'wildberries', 'never')).toBe(false);
  });
});

describe('limits on saving (check 74)', () => {
  it.each([
    ['credentials.user', 10, ({ userId }: Member) => userId],
    ['credentials.tenant', 30, ({ tenantId }: Member) => tenantId],
  ] as const)(
    'answer 429 with Retry-After and RateLimit fields: %s',
    async (limit, quota, subjectOf) => {
      const owner = await world.signUp();
      freezeInWindow(3600);
      await useUp(limit, subjectOf(owner), quota);

      const answer = await save(owner, { ozon: newAccount('ozon') });

      expect(answer).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.headers['ratelimit-policy']).toContain(`"${limit}";q=${quota}`);
      expect(answer.headers.ratelimit).toContain(`"${limit}";r=0`);
    },
  );

  it('are of the tenant and the member: another one is let through', async () => {
    const [a, b] = [await world.signUp(), await world.signUp()];
    freezeInWindow(3600);
    await useUp('credentials.user', a.userId, 10);
    await useUp('credentials.tenant', a.tenantId, 30);

    expect((await save(b, { ozon: newAccount('ozon') })).status).toBe(200);
  });

  it('of a seller marketplace that is busy are no 500', async () => {
    const owner = await world.signUp();
    channelsOf(world).ozon.setFaults({ error: 'rate_limited' });

    expect(await save(owner, { ozon: newAccount('ozon') })).toMatchObject({
      status: 429,
      body: { code: 'rate_limited' },
      headers: { 'retry-after': expect.stringMatching(/^[1-9]/) },
    });
  });
});

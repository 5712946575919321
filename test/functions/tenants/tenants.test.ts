import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { second, travel } from '../../../harness/clock.ts';
import { setRole, setTenantStatus, tenantItem } from '../../../harness/items.ts';
import { type Member, useWorld } from '../../../harness/world.ts';
import { tenantMembers } from '../../../shared/tenants/extension-members.ts';

const world = useWorld();
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
beforeEach(() => {
  vi.resetModules();
});

interface Tenant {
  id: string;
  name: string;
  version: number;
  errors?: object[];
}
const get = (member = owner) =>
  world.send<Tenant>('GET', '/api/v1/tenants/me', { token: member.access_token });
const rename = (body: object, member = owner) =>
  world.send<Tenant>('PATCH', '/api/v1/tenants/me', { token: member.access_token, body });

describe('my tenant', () => {
  it('is the one of the token, and nothing of the table shows', async () => {
    expect((await get()).body).toEqual({
      id: owner.tenantId,
      name: 'Example Ltd',
      status: 'ACTIVE',
      plan: 'FREE',
      ...Object.fromEntries(Object.keys(tenantMembers).map((name) => [name, null])),
      created_at: expect.any(String),
      updated_at: expect.any(String),
      version: 1,
    });
  });

  it('can be renamed by its owner', async () => {
    const answer = await rename({ name: ' Ромашка ' });

    expect(answer).toMatchObject({ status: 200, body: { name: 'Ромашка', version: 2 } });
    expect((await get()).body).toEqual(answer.body);
  });

  it('is not renamed over a change that the caller has not seen (check 81)', async () => {
    const { version } = (await get()).body;
    await rename({ name: 'First', version });

    const late = await rename({ name: 'Second', version });

    expect(late).toMatchObject({ status: 409, body: { code: 'version_conflict' } });
    expect((await get()).body).toMatchObject({ name: 'First', version: version + 1 });
  });

  it('renamed 50 times at once with one version is renamed once (check 81)', async () => {
    const { version } = (await get()).body;

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => rename({ name: `Name ${index}`, version })),
    );

    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      200,
      ...new Array(49).fill(409),
    ]);
    expect((await get()).body.version).toBe(version + 1);
  });

  it.each([
    [{}, '/name'],
    [{ name: '' }, '/name'],
    [{ name: 'x' }, '/name'],
    [{ name: 7 }, '/name'],
    [{ name: 'ok name', version: 0 }, '/version'],
    [{ name: 'ok name', version: '1' }, '/version'],
    [{ name: 'ok name', status: 'ACTIVE' }, '/status'],
    [{ name: 'ok name', plan: 'ENTERPRISE' }, '/plan'],
    [{ name: 'ok name', id: 'tnt_x' }, '/id'],
  ])('is not changed by %j (check 62)', async (body, pointer) => {
    const before = await tenantItem(owner.tenantId);

    const answer = await rename(body);

    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(answer.body.errors).toMatchObject([{ in: 'body', pointer }]);
    expect(await tenantItem(owner.tenantId)).toEqual(before);
  });
});

describe('what has changed since the token was signed', () => {
  it('is seen within 60 seconds: a suspension', async () => {
    const member = await world.signUp();
    const list = () => world.send('GET', '/api/v1/api-keys', { token: member.access_token });
    expect((await list()).status).toBe(200);
    await setTenantStatus(member, 'SUSPENDED');
    travel(30 * second);

    expect(await list()).toMatchObject({ status: 403, body: { code: 'tenant_suspended' } });
    expect((await get(member)).body).toMatchObject({ status: 'SUSPENDED' });
    expect((await world.login(member.email, member.password)).status).toBe(200);
  });

  it('is seen within 60 seconds: another role (check 32)', async () => {
    const member = await world.signUp();
    expect((await rename({ name: 'Before' }, member)).status).toBe(200);
    await setRole(member, 'viewer');
    travel(30 * second);

    expect(await rename({ name: 'After' }, member)).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect((await get(member)).body.name).toBe('Before');
  });

  it('waits for a subscription that is being activated', async () => {
    const member = await world.signUp();
    await setTenantStatus(member, 'PENDING_PROFILE');

    const answer = await world.send('GET', '/api/v1/api-keys', { token: member.access_token });

    expect(answer).toMatchObject({ status: 403, body: { code: 'subscription_pending' } });
  });
});

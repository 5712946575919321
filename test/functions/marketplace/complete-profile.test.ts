import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pretendBcrypt } from '../../../harness/bcrypt.ts';
import { lastingItems, setTenantStatus, tenantItem } from '../../../harness/items.ts';
import { claimsOf, randomAddress, type TokenBody, useWorld } from '../../../harness/world.ts';

const world = useWorld();
const password = 'correct horse battery';
beforeEach(() => {
  pretendBcrypt(password);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function register() {
  const { body } = await world.send<{ tenant_id: string; registration_ticket: string }>(
    'POST',
    '/dev/stub-register',
  );
  return { tenantId: body.tenant_id, ticket: body.registration_ticket };
}

const complete = (registration_ticket: string, change: object = {}) =>
  world.send<TokenBody & { tenant_id: string; status: string; errors?: object[] }>(
    'POST',
    '/marketplace/complete-profile',
    {
      body: { registration_ticket, email: `${randomUUID()}@example.com`, password, ...change },
      address: randomAddress(),
    },
  );

describe('completing the profile', () => {
  it('makes the owner, activates the tenant and signs the owner in', async () => {
    const { tenantId, ticket } = await register();

    const answer = await complete(ticket, { email: 'Owner@Example.com', company_name: 'Ромашка' });

    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 900,
      tenant_id: tenantId,
      status: 'ACTIVE',
    });
    expect(claimsOf(answer.body.access_token).tenantId).toBe(tenantId);
    expect(await tenantItem(tenantId)).toMatchObject({
      status: 'ACTIVE',
      name: 'Ромашка',
      version: 2,
    });
    expect((await world.login('owner@example.com', password)).status).toBe(200);
    expect((await world.refresh(answer.body.refresh_token)).status).toBe(200);
  });

  it('takes the tenant id of older clients if it is the ticket’s', async () => {
    const { tenantId, ticket } = await register();

    expect((await complete(ticket, { tenant_id: tenantId })).status).toBe(200);
  });

  it('refuses the tenant id of another tenant, and neither is changed (check 16)', async () => {
    const [mine, theirs] = [await register(), await register()];
    const before = await lastingItems();

    const answer = await complete(mine.ticket, { tenant_id: theirs.tenantId });

    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_ticket' } });
    expect(await lastingItems()).toEqual(before);
  });

  it('works once: a second time is a 409 that changes nothing', async () => {
    const { ticket } = await register();
    await complete(ticket);
    const before = await lastingItems();

    const answer = await complete(ticket);

    expect(answer).toMatchObject({ status: 409, body: { code: 'profile_completed' } });
    expect(await lastingItems()).toEqual(before);
  });

  it('is a 409 for an email that exists, and the ticket may be used again', async () => {
    const { tenantId, ticket } = await register();
    const owner = await world.signUp(undefined, password);

    const answer = await complete(ticket, { email: ` ${owner.email.toUpperCase()}` });

    expect(answer).toMatchObject({ status: 409, body: { code: 'email_taken' } });
    expect(await tenantItem(tenantId)).toMatchObject({ status: 'PENDING_PROFILE', version: 1 });
    expect((await complete(ticket)).status).toBe(200);
  });

  it('never activates a suspended tenant again', async () => {
    const { tenantId, ticket } = await register();
    await setTenantStatus({ tenantId }, 'SUSPENDED');
    const before = await lastingItems();

    const answer = await complete(ticket);

    expect(answer).toMatchObject({ status: 403, body: { code: 'tenant_suspended' } });
    expect(await lastingItems()).toEqual(before);
  });

  it('at once with ten emails gives one owner and leaves nothing of the others', async () => {
    const { tenantId, ticket } = await register();
    const before = (await lastingItems()).length;

    const answers = await Promise.all(Array.from({ length: 10 }, () => complete(ticket)));

    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([200, ...new Array(9).fill(409)]);
    const codes = answers.filter(({ status }) => status === 409).map(({ body }) => body.code);
    expect(new Set(codes)).toEqual(new Set(['profile_completed']));
    const items = await lastingItems();
    const members = items.filter(
      ({ pk, sk }) => pk === `TENANT#${tenantId}` && String(sk).startsWith('MEMBER#'),
    );
    expect(members).toMatchObject([{ role: 'owner' }]);
    // Identity, membership, member, session, the mail, and the audit entry with its pointer.
    expect(items.length - before).toBe(7);
  });

  it('with one email for two tenants at once gives it to one of them', async () => {
    const [a, b] = [await register(), await register()];
    const email = `${randomUUID()}@example.com`;

    const answers = await Promise.all([
      complete(a.ticket, { email }),
      complete(b.ticket, { email }),
    ]);

    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });

  it.each([
    ['a common password', { password: 'password1' }, '/password'],
    ['7 code points', { password: 'abc def' }, '/password'],
    ['no email', { email: undefined }, '/email'],
    ['a header in the email', { email: 'a@example.com\r\nBcc: b@example.com' }, '/email'],
    ['a role', { role: 'owner' }, '/role'],
    ['a status', { status: 'ACTIVE' }, '/status'],
  ])('refuses %s and writes nothing (checks 38, 45, 53, 62)', async (_, change, pointer) => {
    const { ticket } = await register();
    const before = await lastingItems();

    const answer = await complete(ticket, change);

    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(answer.body.errors).toMatchObject([{ in: 'body', pointer }]);
    expect(await lastingItems()).toEqual(before);
  });
});

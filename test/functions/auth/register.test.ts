import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BcryptWork, pretendBcrypt } from '../../../harness/bcrypt.ts';
import { freezeInWindow } from '../../../harness/clock.ts';
import { lastingItems, tenantItem } from '../../../harness/items.ts';
import { limitNamed } from '../../../harness/limits.ts';
import {
  claimsOf,
  type Member,
  randomAddress,
  type TokenBody,
  useWorld,
} from '../../../harness/world.ts';

const world = useWorld();
const password = 'correct horse battery';
let owner: Member;
beforeAll(async () => {
  owner = await world.signUp(undefined, password);
});
let work: BcryptWork;
beforeEach(() => {
  work = pretendBcrypt(password);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const signUp = (body: object, address = randomAddress()) =>
  world.send<TokenBody & { errors?: object[] }>('POST', '/api/v1/auth/register', {
    body: { email: 'someone@example.com', password, company_name: 'Example Ltd', ...body },
    address,
  });

describe('sign-up', () => {
  it('makes an active tenant on the FREE plan, its owner and a session', async () => {
    const answer = await signUp({
      email: 'First@Example.com',
      company_name: ' Ромашка ',
    });

    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { tenantId } = claimsOf(answer.body.access_token);
    expect(await tenantItem(tenantId)).toMatchObject({
      name: 'Ромашка',
      status: 'ACTIVE',
      plan: 'FREE',
      version: 1,
    });
    expect((await world.login('first@example.com', password)).status).toBe(200);
    expect((await world.refresh(answer.body.refresh_token)).status).toBe(200);
  });

  it('never keeps the password or the email outside its own field (checks 26, 80)', async () => {
    const items = JSON.stringify(await lastingItems());

    expect(items).not.toContain(password);
    expect(items.split(owner.email)).toHaveLength(2);
  });

  it('answers 409 to an email that exists, in any spelling, after the same work (check 49)', async () => {
    await signUp({ email: 'new@example.com' });
    const [forNew, ...rest] = [work.done];
    work.done = [];
    const before = await lastingItems();

    const answer = await signUp({ email: ` ${owner.email.toUpperCase()} `, company_name: 'Thief' });

    expect(answer).toMatchObject({ status: 409, body: { code: 'email_taken' } });
    expect(work.done).toEqual(forNew);
    expect(rest).toEqual([]);
    expect(await lastingItems()).toEqual(before);
  });

  it('of one email at once gives one tenant and leaves nothing of the others', async () => {
    const before = (await lastingItems()).length;

    const answers = await Promise.all(
      Array.from({ length: 10 }, () => signUp({ email: 'race@example.com' })),
    );

    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses).toEqual([201, ...new Array(9).fill(409)]);
    // Tenant, member, identity, membership, session, the mail, and the audit entry with its pointer.
    expect((await lastingItems()).length - before).toBe(8);
  });

  it.each([
    ['7 code points', { password: 'abc def' }, '/password'],
    ['a common password', { password: 'Password' }, '/password'],
    ['its own email as password', { password: 'someone@example.com' }, '/password'],
    ['the company as password', { password: 'example ltd 1' }, '/password'],
    ['a lone surrogate', { password: '\ud800abcdefgh' }, '/password'],
    ['a number as password', { password: 12345678 }, '/password'],
    ['an email with a line break', { email: 'a@example.com\r\nBcc: b@example.com' }, '/email'],
    ['an email with a look-alike', { email: 'аlice@example.com' }, '/email'],
    ['a company of one letter', { company_name: 'x' }, '/company_name'],
    ['a role', { role: 'owner' }, '/role'],
    ['a plan', { plan: 'ENTERPRISE' }, '/plan'],
  ])('refuses %s and writes nothing (checks 38, 43, 45, 53, 62)', async (_, change, pointer) => {
    const before = await lastingItems();

    const answer = await signUp(change);

    expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
    expect(answer.body.errors).toMatchObject([{ in: 'body', pointer }]);
    expect(JSON.stringify(answer.body)).not.toContain(password);
    expect(await lastingItems()).toEqual(before);
  });

  it('takes a password of 64 emoji, and the same typed in NFD (checks 39, 42)', async () => {
    vi.restoreAllMocks();
    const long = `${'😀'.repeat(64)} Zürich`;
    const answer = await signUp({ email: 'long@example.com', password: long.normalize('NFC') });

    expect(answer.status).toBe(201);
    expect((await world.login('long@example.com', long.normalize('NFD'))).status).toBe(200);
    expect((await world.login('long@example.com', long.slice(0, -1))).status).toBe(401);
  });

  it('counts per address, exactly and before any hashing (checks 50, 52, 74)', async () => {
    const { quota, windowSeconds } = limitNamed('register.address');
    freezeInWindow(windowSeconds);
    const address = randomAddress();

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        signUp({ email: `many-${index}@example.com` }, address),
      ),
    );

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(quota);
    expect(work.done).toHaveLength(quota);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers).toMatchObject({
      'retry-after': String(windowSeconds - 1),
      ratelimit: expect.stringContaining(`"register.address";r=0;t=${windowSeconds - 1}`),
      'ratelimit-policy': expect.stringContaining(
        `"register.address";q=${quota};w=${windowSeconds}`,
      ),
    });
  });
});
